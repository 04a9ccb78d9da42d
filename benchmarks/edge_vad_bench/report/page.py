"""From a report to what a page shows: texts, tables and plots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge_vad_bench.report import svg
from edge_vad_bench.report.headline import Headline, headline
from edge_vad_bench.report.tables import Table, all_tables
from edge_vad_bench.schema import BenchmarkReport, BenchmarkRow


@dataclass(frozen=True)
class Bar:
    """The stages of a row.

    Attributes:
        title: Name of the row.
        total: Their sum, ms.
        segments: The stages.
    """

    title: str
    total: float
    segments: tuple[svg.BarSegment, ...]


@dataclass(frozen=True)
class ReportPage:
    """One report as a reader sees it.

    Attributes:
        headline: What the device can do; its name is the title.
        subtitle: When and of what.
        complete: Whether all was measured.
        device: Name and value of what describes the device.
        tables: With their plots.
        stage_names: All stages, in order.
        bars: One a row that has stages.
        notes: What a reader has to know.
    """

    headline: Headline
    subtitle: str
    complete: bool
    device: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    stage_names: tuple[str, ...]
    bars: tuple[Bar, ...]
    notes: tuple[str, ...]


def make_page(report: BenchmarkReport) -> ReportPage:
    """Prepare a report for the templates."""
    settings = report.settings
    scenes = ", ".join(f"{each.name} ({each.precision})" for each in settings.scenes)
    return ReportPage(
        headline=headline(report),
        subtitle=f"{scenes} watching {settings.source}; edge-vad {report.edge_vad}, "
        f"{report.created}",
        complete=report.complete,
        device=tuple(_device(report)),
        tables=all_tables(report),
        stage_names=tuple(dict.fromkeys(name for row in report.rows for name in row.stages)),
        bars=_bars(report.rows),
        notes=report.notes,
    )


def _device(report: BenchmarkReport) -> Iterable[tuple[str, str]]:
    device, settings = report.device, report.settings
    processor, fingerprint = device.processor, device.fingerprint
    yield "processor", f"{processor.model}, {processor.cores} of {processor.of_cores} cores"
    if processor.memory_gib:
        yield "memory", f"{processor.memory_gib:g} GiB"
    if processor.governors:
        yield "governor", ", ".join(processor.governors)
    for name in fingerprint.__struct_fields__:
        value = getattr(fingerprint, name)
        if value:
            yield name.replace("_", " "), str(value)
    yield "system", device.system
    libraries = (f"{name} {version}" for name, version in device.libraries.items())
    yield "software", ", ".join([f"Python {device.python}", *libraries])
    yield "threads", f"{settings.threads} for the graph, up to {settings.most_threads} elsewhere"
    for scene in settings.scenes:
        cost = f", {scene.gmac:.4f} GMAC a frame" if scene.gmac else ""
        yield scene.name, f"{scene.width}x{scene.height}, T = {scene.window}{cost}"


def _bars(rows: tuple[BenchmarkRow, ...]) -> tuple[Bar, ...]:
    staged = [row for row in rows if row.stages]
    totals = [
        sum(stage.p50 for stage in row.stages.values()) / row.frames_a_query for row in staged
    ]
    widest = max(totals, default=0.0)
    bars = []
    for row, total in zip(staged, totals, strict=True):
        parts = {name: stage.p50 / row.frames_a_query for name, stage in row.stages.items()}
        title = row.name if row.frames_a_query == 1 else f"{row.name}, a frame"
        bars.append(Bar(title, total, svg.stacked(parts, widest)))
    return tuple(bars)
