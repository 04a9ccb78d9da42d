"""edge-vad report: a page of one or many benchmarks."""

from __future__ import annotations

from pathlib import Path

import click

_EXAMPLE = """\b
Example:
  edge-vad report orin/bench.json xavier/bench.json --out report.html
"""


@click.command(epilog=_EXAMPLE)
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="HTML file to write; the same in Markdown is written beside it.",
)
def report(reports: tuple[Path, ...], out: Path) -> None:
    """Make one page of REPORTS, which edge-vad bench wrote.

    The page is one file that asks for nothing from anywhere, and can be read on a phone and
    printed.
    """
    from edge_vad_bench import store
    from edge_vad_bench.report.rendering import write_pages

    written = write_pages([store.read(path) for path in reports], out)
    click.echo(f"written: {', '.join(map(str, written))}")
    if len(reports) == 2:
        click.echo(f"\nnext: edge-vad compare {reports[0]} {reports[1]}")
