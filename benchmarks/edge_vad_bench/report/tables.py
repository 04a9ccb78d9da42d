"""The tables of a report, with the plots that belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from edge_vad_bench.parts.motion_projection import BASIS, BATCH, FPS
from edge_vad_bench.report import svg
from edge_vad_bench.report.headline import caveats
from edge_vad_bench.schema import BenchmarkReport, BenchmarkRow, Conditions
from edge_vad_bench.stats import block_medians


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: Its heading.
        heads: Of the columns.
        rows: The cells.
        note: Below the heading.
        paper: Whether it is a projection.
        plots: Below it.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    paper: bool = False
    plots: tuple[svg.Plot, ...] = ()


def all_tables(report: BenchmarkReport) -> tuple[Table, ...]:
    """Every table that has rows."""
    tables = (
        *_groups(report.rows),
        _watched(report),
        _stages(report.rows),
        _conditions(report.rows),
        _values(report.rows),
        _agreements(report),
        _growths(report),
        _compute_bounds(report),
        _projections(report),
        _motion_projections(report),
    )
    return tuple(table for table in tables if table.rows)


def _watched(report: BenchmarkReport) -> Table:
    heads = ("cameras", "tried", "slowest, frames/s", "p50, ms", "p99, ms", "dropped", "cores")
    return Table(
        title="Cameras watched at once",
        heads=("", "frames/s", *heads, "cores a camera", "server's cores", "others' cores"),
        rows=tuple(
            (
                each.kind,
                str(each.fps),
                str(each.cameras),
                ", ".join(map(str, each.tried)),
                f"{each.slowest_fps:.2f}",
                f"{each.p50_ms:.0f}",
                f"{each.p99_ms:.0f}",
                str(each.dropped),
                _cores(each.cores),
                f"{sum(each.cores.values()) / max(each.cameras, 1):.3f}",
                _optional(each.server_cores),
                _optional(each.contention_cores),
            )
            for each in report.watched
        ),
        note="Found by watching more and more of them: the most of which none was scored at less "
        "than 98% of the rate, and 99 of 100 frames were decided on within 100 ms of capture.",
    )


def _cores(cores: dict[str, float]) -> str:
    parts = ", ".join(f"{name} {used:.2f}" for name, used in cores.items())
    return f"{sum(cores.values()):.2f} ({parts})" if cores else ""


def _optional(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _groups(rows: Sequence[BenchmarkRow]) -> Iterable[Table]:
    for group in dict.fromkeys(row.group for row in rows):
        chosen = [row for row in rows if row.group == group]
        times = ("p50", "p90", "p95", "p99", "p99.9", "jitter", "with 99%", "frames/s")
        yield Table(
            title=group.capitalize(),
            heads=("", "frames", *times, "relative", ""),
            rows=tuple(_latency_row(row) for row in chosen),
            note="ms a query; 'with 99%': what the scenario's percentile does not exceed, with "
            "that confidence; relative: p50 over that of the reference workload.",
            plots=tuple(_plots(group, chosen)),
        )


def _latency_row(row: BenchmarkRow) -> tuple[str, ...]:
    latency = row.latency
    times = latency.p50, latency.p90, latency.p95, latency.p99, latency.p999, latency.jitter
    bound = "" if latency.bound is None else f"{latency.bound:.2f}"
    reference = f"{latency.p50 / np.median(row.reference_ms):.3f}" if row.reference_ms else ""
    size = str(row.frames_a_query)
    return row.name, size, *map(_ms, times), bound, f"{row.fps:.1f}", reference, caveats(row)


def _plots(group: str, rows: Sequence[BenchmarkRow]) -> Iterable[svg.Plot]:
    by_scenario = dict.fromkeys(row.scenario for row in rows)
    for scenario in by_scenario:
        chosen = [row for row in rows if row.scenario == scenario]
        if all(len(row.samples_ms) >= 20 for row in chosen):
            title = f"{scenario}: share of queries that are as fast ({group})"
            series = [svg.distribution(row.subject, row.samples_ms) for row in chosen]
            yield svg.line_plot(title, "ms", "%", series, log=True)
            yield svg.line_plot(
                f"{scenario}: median of every block, in the order of measuring",
                "block",
                "ms",
                [_timeline(row) for row in chosen],
            )


def _timeline(row: BenchmarkRow) -> svg.PlotSeries:
    medians = block_medians(row.samples_ms, row.blocks)
    return svg.PlotSeries(row.subject, list(range(1, len(medians) + 1)), medians.tolist())


def _stages(rows: Sequence[BenchmarkRow]) -> Table:
    staged = [row for row in rows if row.stages]
    names = tuple(dict.fromkeys(name for row in staged for name in row.stages))
    return Table(
        title="Time by stage",
        heads=("", *names),
        rows=tuple((row.name, *(_stage(row, name) for name in names)) for row in staged),
        note="median, ms a query, and p99 in brackets; drawing (overlay) comes after the decision.",
    )


def _stage(row: BenchmarkRow, name: str) -> str:
    stage = row.stages.get(name)
    return f"{_ms(stage.p50)} ({_ms(stage.p99)})" if stage else ""


def _conditions(rows: Sequence[BenchmarkRow]) -> Table:
    heads = ("", "load", "CPU MHz", "GPU MHz", "hottest, C", "power mode", "slowed by", "J a frame")
    return Table(
        title="The machine before and after",
        heads=(*heads, "measured by"),
        rows=tuple(
            (
                row.name,
                *_span(row, "load"),
                *_span(row, "cpu_mhz"),
                *_span(row, "gpu_mhz"),
                *_span(row, "hottest_c"),
                row.after.power_mode or "",
                ", ".join({*row.before.throttled, *row.after.throttled}),
                "" if row.joules_a_frame is None else f"{row.joules_a_frame:.4f}",
                row.energy_from or "",
            )
            for row in rows
        ),
        note="Empty: this machine does not report it.",
        plots=tuple(_temperature(rows)),
    )


def _span(row: BenchmarkRow, field: str) -> tuple[str]:
    before, after = (_number(each, field) for each in (row.before, row.after))
    if before is None or after is None:
        return ("",)
    return (f"{before:.4g} to {after:.4g}",)


def _number(conditions: Conditions, field: str) -> float | None:
    value: float | None = getattr(conditions, field)
    return value


def _temperature(rows: Sequence[BenchmarkRow]) -> Iterable[svg.Plot]:
    degrees = [each.hottest_c for row in rows for each in (row.before, row.after)]
    known = [each for each in degrees if each is not None]
    if len(known) > 1:
        series = svg.PlotSeries("hottest sensor", list(range(len(known))), known)
        yield svg.line_plot("Temperature from row to row", "reading", "C", [series])


def _values(rows: Sequence[BenchmarkRow]) -> Table:
    cells = tuple(
        (row.name, name, f"{value:.4g}") for row in rows for name, value in row.values.items()
    )
    return Table(title="Further figures", heads=("", "what", ""), rows=cells)


def _agreements(report: BenchmarkReport) -> Table:
    return Table(
        title="Whether the baselines compute the same",
        heads=("", "held to", "frames", "relative error", "up to", ""),
        rows=tuple(
            (
                each.subject,
                each.reference,
                str(each.frames),
                f"{each.relative_error:.1e}",
                f"{each.tolerance:.0e}",
                "agrees" if each.holds else "DIFFERS",
            )
            for each in report.agreements
        ),
    )


def _growths(report: BenchmarkReport) -> Table:
    return Table(
        title="How time grows",
        heads=("", "sizes", "ms", "exponent", "at most", ""),
        rows=tuple(
            (
                f"{each.quantity}: {each.of}",
                ", ".join(f"{size:g}" for size in each.sizes),
                ", ".join(_ms(time) for time in each.milliseconds),
                f"{each.exponent:.2f}",
                f"{each.limit:g}",
                "" if each.exponent <= each.limit else "above",
            )
            for each in report.growths
        ),
        note="Exponent: slope of log time over log size; 1 is linear, 0 constant.",
    )


def _compute_bounds(report: BenchmarkReport) -> Table:
    return Table(
        title="Against this machine's best rate",
        heads=("", "GMAC", "GMAC/s of one large convolution", "bound, ms", "took, ms", "ratio"),
        rows=tuple(
            (
                each.scene,
                f"{each.gmac:.4f}",
                f"{each.gmac_a_second:.1f}",
                f"{each.bound_ms:.3f}",
                f"{each.measured_ms:.3f}",
                f"{each.times_bound:.2f}",
            )
            for each in report.compute_bounds
        ),
        note="Graph and convolution in turns; the fastest of each.",
    )


def _projections(report: BenchmarkReport) -> Table:
    return Table(
        title="Boards that were not at hand",
        heads=(
            *("", "scene", "precision", "compute, ms", "memory, ms", "at least, ms", "bound by"),
            "launches, ms",
        ),
        rows=tuple(
            (
                each.board,
                each.scene,
                each.precision,
                f"{each.compute_ms:.3f}",
                f"{each.memory_ms:.3f}",
                f"{each.least_ms:.3f}",
                each.bound_by,
                "" if each.launch_ms is None else f"{each.launch_ms:.2f}",
            )
            for each in report.projections
        ),
        note="The graph alone, held to published peaks: boards will be slower, none faster. "
        "Launches are of single operators, of which engines fuse many, at 3.2 us each: what one of "
        "a recorded graph took on an H200.",
        paper=True,
    )


def _motion_projections(report: BenchmarkReport) -> Table:
    counted = {each.launches_from for each in report.motion_projections}
    return Table(
        title="Boards that were not at hand, motion inside the graph",
        heads=(
            "",
            "operations, ms",
            "bytes, ms",
            "launches",
            "launches, ms",
            "one camera, ms",
            f"{BATCH} at once, ms",
            f"cameras at {FPS} frames a second",
        ),
        rows=tuple(
            (
                each.board,
                f"{each.operations_ms:.2f}",
                _range(each.bytes_ms, 2),
                str(each.launches),
                *(_range(pair, 1) for pair in (each.launches_ms, each.frame_ms, each.batch_ms)),
                f"{each.cameras[1]} to {each.cameras[0]}",
            )
            for each in report.motion_projections
        ),
        note=". ".join((*BASIS, f"launches counted from: {', '.join(sorted(counted))}")),
        paper=True,
    )


def _range(pair: tuple[float, float], digits: int) -> str:
    return f"{pair[0]:.{digits}f} to {pair[1]:.{digits}f}"


def _ms(value: float) -> str:
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"
