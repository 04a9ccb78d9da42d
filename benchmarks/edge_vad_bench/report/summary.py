"""Shows a report on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge_vad_bench.report.headline import Headline, caveats, headline
from edge_vad_bench.schema import BenchmarkReport, BenchmarkRow
from edge_vad_bench.workloads.scenarios import OFFLINE


def show(report: BenchmarkReport, console: Console) -> None:
    """Print what the board can do; then rows, stages and what else was found."""
    _show_headline(headline(report), console)
    processor = report.device.processor
    cores = f"{processor.cores} of {processor.of_cores} cores"
    console.print(f"\n{processor.model}, {cores}", markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for title in ("p50", "p90", "p99", "frames/s", ""):
        table.add_column(title, justify="right" if title else "left")
    for row in report.rows:
        table.add_row(*_cells(row))
    console.print(table)
    console.print("ms a query; Offline: ms a chunk of frames")
    for row in report.rows:
        if row.stages:
            parts = (f"{name} {stage.p50:.2f}" for name, stage in row.stages.items())
            console.print(f"{row.name}: {', '.join(parts)} ms")
    for each in report.watched:
        late = f"p99 {each.p99_ms:.0f} ms, {sum(each.cores.values()):.2f} cores"
        console.print(f"{each.kind} at {each.fps} frames/s: {each.cameras} cameras hold, {late}")
    for growth in report.growths:
        verdict = "" if growth.exponent <= growth.limit else f", above {growth.limit:g}"
        exponent = f"grows with {growth.quantity} to the {growth.exponent:.2f}"
        console.print(f"{growth.of}: {exponent}{verdict}")
    for bound in report.compute_bounds:
        console.print(
            f"{bound.scene}: the graph takes {bound.times_bound:.2f} times its compute bound"
        )


def _show_headline(said: Headline, console: Console) -> None:
    console.print(said.sentence, style="bold", markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(justify="right", style="bold", no_wrap=True)
    for each in said.figures:
        remark = f" ({each.remark})" if each.remark else ""
        table.add_row(Text(each.value), Text(f"{each.label}{remark}"))
    console.print(table)
    for line in said.basis:
        console.print(line, style="dim", markup=False)
    for line in said.doubts:
        console.print(line, style="yellow", markup=False)


def _cells(row: BenchmarkRow) -> tuple[str, ...]:
    latency = row.latency
    times = (f"{each:.2f}" for each in (latency.p50, latency.p90, latency.p99))
    rate = f"{row.fps:.1f}" if row.scenario != "ColdStart" else ""
    size = f" ({row.frames_a_query} frames)" if row.scenario == OFFLINE else ""
    return row.name + size, *times, rate, caveats(row)
