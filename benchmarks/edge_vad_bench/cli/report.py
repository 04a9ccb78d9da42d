"""edge-vad report: a page of one or many benchmarks."""

from __future__ import annotations

from pathlib import Path

import click

_EXAMPLE = """\b
Examples:
  edge-vad report orin/bench.json xavier/bench.json --out report.html
  edge-vad report benchmarks/reports
"""


@click.command(epilog=_EXAMPLE)
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="HTML file to write; the same in Markdown is written beside it.",
)
def report(reports: tuple[Path, ...], out: Path) -> None:
    """Make one page of REPORTS, which edge-vad bench wrote: files, or folders of them.

    It begins with what each device can do. The page is one file that asks for nothing from
    anywhere, and can be read on a phone and printed.
    """
    from edge_vad_bench import store
    from edge_vad_bench.report.rendering import write_pages

    pages = [report for path in reports for report in store.read_all(path)]
    written = write_pages(pages, out)
    click.echo(f"written: {', '.join(map(str, written))}")
    if len(reports) == len(pages) == 2:
        click.echo(f"\nnext: edge-vad compare {reports[0]} {reports[1]}")
