"""edge-vad compare: two benchmarks against each other; fails on a regression."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.table import Table

from edge_vad.cli.console import warn
from edge_vad.cli.quantities import NumberRange
from edge_vad.errors import CheckFailed

if TYPE_CHECKING:
    from edge_vad_bench.regression.comparison import BenchmarkComparison

_EXAMPLE = """\b
Example:
  edge-vad compare before/bench.json after/bench.json --max-regression 5
"""


@click.command(epilog=_EXAMPLE)
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--max-regression",
    type=NumberRange(min=0),
    default=5.0,
    show_default=True,
    help="Per cent that a row may take longer.",
)
@click.option(
    "--raw", is_flag=True, help="Do not divide by the reference workload: for a quiet machine."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def compare(before: Path, after: Path, max_regression: float, raw: bool, as_json: bool) -> None:
    """Compare the benchmarks BEFORE and AFTER row by row, with 95% intervals.

    Times are divided by those of a fixed reference workload, measured between the queries, so that
    a slower machine is not taken for a slower program.

    Exit code 1 when a row takes longer by more than --max-regression, and the interval says that
    this is no chance. Time by the clock is judged where nobody else used the machine; CPU time
    where both were measured with --threads 1, on any machine. Stages are shown, and not judged.
    """
    from edge_vad_bench import store
    from edge_vad_bench.regression.comparison import compare as compare_reports

    result = compare_reports(store.read(before), store.read(after), max_regression / 100, raw=raw)
    if as_json:
        click.echo(msgspec.json.encode(result))
    else:
        _show(result)
    if result.regressions:
        worst = max(result.regressions, key=lambda each: each.ratio)
        slower = len({each.row for each in result.regressions})
        raise CheckFailed(
            f"{slower} of the rows take longer, the worst is {worst.row} ({worst.part}) at "
            f"{worst.ratio:.3f} times (95% interval {worst.low:.3f} to {worst.high:.3f})",
            f"find out why, or accept it with --max-regression {100 * (worst.ratio - 1):.0f}",
        )
    if not any(each.judged for each in result.ratios):
        raise CheckFailed(
            "nothing could be judged: others used the machine, and several threads were measured",
            "measure both again with edge-vad bench --threads 1",
        )
    if not as_json:
        click.echo(f"\nno row takes longer by more than {max_regression:g}%")
        click.echo(f"\nnext: edge-vad report {before} {after} --out both.html")


def _show(result: BenchmarkComparison) -> None:
    for remark in result.remarks:
        warn(remark)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("", "part", "before, ms", "after, ms", "ratio", "95% interval", ""):
        table.add_column(title, justify="left" if title in ("", "part") else "right")
    for each in result.ratios:
        times = f"{each.before_ms:.3f}", f"{each.after_ms:.3f}"
        interval = f"{each.low:.3f} to {each.high:.3f}"
        verdict = "REGRESSED" if each.regressed else ""
        table.add_row(each.row, each.part, *times, f"{each.ratio:.3f}", interval, verdict)
    Console(highlight=False).print(table)
    if result.relative_to_reference:
        click.echo("ratios are relative to the reference workload; milliseconds are as measured")
    for names, what in ((result.only_before, "gone"), (result.only_after, "new")):
        if names:
            click.echo(f"{what}: {', '.join(names)}")
