"""Shows a flow table on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from edge_vad_bench.flow_table.records import FlowRow, FlowTable

_UNKNOWN = "-"


def show(table: FlowTable, console: Console) -> None:
    """Print a row for each way, and why those that are not here are not."""
    shown = Table(box=None, padding=(0, 2, 0, 0))
    shown.add_column("flow", no_wrap=True)
    for title in (
        "pairs",
        "error px",
        "moving",
        "99%",
        "ms p50",
        "p99",
        "CPU ms",
        f"CPU left at {table.fps:g} fps",
        "box AUC",
    ):
        shown.add_column(title, justify="right")
    for row in table.rows:
        shown.add_row(*_cells(row))
    console.print(shown)
    for row in table.rows:
        if row.absent:
            console.print(f"{row.name}: {row.absent}", markup=False)
    for note in table.notes:
        console.print(note, style="dim", markup=False)


def _cells(row: FlowRow) -> tuple[str, ...]:
    return (
        row.name,
        str(row.pairs) if row.pairs else _UNKNOWN,
        *(_number(each, 3) for each in (row.error_px, row.error_moving_px, row.error_99_px)),
        *(_number(each, 2) for each in (row.p50_ms, row.p99_ms, row.cpu_ms)),
        _UNKNOWN if row.cpu_left is None else f"{row.cpu_left:.0%}",
        _UNKNOWN if row.box_auc is None else f"{100 * row.box_auc:.2f}",
    )


def _number(value: float | None, digits: int) -> str:
    return _UNKNOWN if value is None else f"{value:.{digits}f}"
