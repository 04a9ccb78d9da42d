"""A benchmark: its parts one after the other; the report is on the disk after each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from edge_vad.backends.providers import package_version
from edge_vad.opencv import cv2
from edge_vad_bench import store
from edge_vad_bench.measure.device import read_device
from edge_vad_bench.measure.nvml import open_nvml
from edge_vad_bench.parts.cameras import measure_cameras
from edge_vad_bench.parts.cold_start import measure_cold_start
from edge_vad_bench.parts.compute_bound import measure_compute_bound
from edge_vad_bench.parts.formats import measure_formats
from edge_vad_bench.parts.growth import measure_growths
from edge_vad_bench.parts.motion_projection import project_motion
from edge_vad_bench.parts.roofline import project
from edge_vad_bench.parts.scenarios import measure_scenarios
from edge_vad_bench.report.notes import notes
from edge_vad_bench.schema import SCHEMA, BenchmarkReport
from edge_vad_bench.task import Task
from edge_vad_bench.workloads.camera_server import LACK as LACK_OF_SERVER

SCENARIOS, FORMATS, CAMERAS, COLD, GROWTH, BOUND, PROJECTION, BASELINES, SIZES = (
    "scenarios",
    "formats",
    "cameras",
    "cold start",
    "growth",
    "floor",
    "projection",
    "peers",
    "sizes",
)
"""Names of the parts in a report, and on the command line."""

PARTS = (SCENARIOS, FORMATS, CAMERAS, COLD, GROWTH, BOUND, PROJECTION)
QUICK_PARTS = tuple(part for part in PARTS if part not in (FORMATS, CAMERAS))
"""Those that take seconds where others take minutes."""

PARTS_OF_BASELINES = (BASELINES, SIZES)
"""Measured besides where the folder of the training is given."""

Part = Callable[[Task, BenchmarkReport], BenchmarkReport]


def run(task: Task, out: Path, *, fresh: bool = False) -> BenchmarkReport:
    """Do the parts that are not done yet, and write the report after each.

    Args:
        task: What is to be measured.
        out: Folder of the report.
        fresh: Whether to begin anew, even where an interrupted benchmark could go on.
    """
    cv2.setNumThreads(task.settings.opencv_threads or task.settings.threads)
    out.mkdir(parents=True, exist_ok=True)
    path = out / store.FILE_NAME
    report = begin(task)
    if not fresh:
        report = store.resume(path, report)
    for part in task.settings.parts:
        if part not in report.done:
            report = _MAKERS[part](task, report)
            report = msgspec.structs.replace(report, done=(*report.done, part))
            store.write(path, report)
    report = msgspec.structs.replace(report, complete=True)
    store.write(path, report)
    return report


def begin(task: Task) -> BenchmarkReport:
    """The report before anything is measured."""
    return BenchmarkReport(
        schema=SCHEMA,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        edge_vad=package_version("edge-vad") or "unknown",
        device=read_device(),
        settings=task.settings,
        notes=notes(task.settings, task.source),
    )


def _scenarios(task: Task, report: BenchmarkReport) -> BenchmarkReport:
    return msgspec.structs.replace(report, rows=(*report.rows, *measure_scenarios(task)))


def _formats(task: Task, report: BenchmarkReport) -> BenchmarkReport:
    return msgspec.structs.replace(report, rows=(*report.rows, *measure_formats(task)))


def _watched(task: Task, report: BenchmarkReport) -> BenchmarkReport:
    watched = measure_cameras(task)
    is_served = any(each.server_cores is not None for each in watched)
    told = () if is_served else (f"RTSP cameras were not watched: {LACK_OF_SERVER}",)
    return msgspec.structs.replace(report, watched=watched, notes=(*report.notes, *told))


def _cold_starts(task: Task, report: BenchmarkReport) -> BenchmarkReport:
    nvml, plan = open_nvml(), task.settings.plan
    rows = [
        measure_cold_start(
            path,
            used.precision,
            task.source,
            backend,
            threads=task.settings.threads,
            starts=plan.starts,
            nvml=nvml,
            on_progress=task.on_progress,
        )
        for path, used in zip(task.scenes, task.settings.scenes, strict=True)
        for backend in task.settings.backends
    ]
    return msgspec.structs.replace(report, rows=(*report.rows, *rows))


def _growths(task: Task, report: BenchmarkReport) -> BenchmarkReport:
    growths = measure_growths(task.scenes[0], task.source, task.settings.threads, task.on_progress)
    return msgspec.structs.replace(report, growths=(*report.growths, *growths))


def _compute_bounds(task: Task, report: BenchmarkReport) -> BenchmarkReport:
    bounds = [
        measure_compute_bound(path, task.settings.threads, task.on_progress)
        for path, used in zip(task.scenes, task.settings.scenes, strict=True)
        if used.precision == "fp32"
    ]
    known = tuple(each for each in bounds if each)
    return msgspec.structs.replace(report, compute_bounds=known)


def _projections(task: Task, report: BenchmarkReport) -> BenchmarkReport:
    pairs = list(zip(task.scenes, task.settings.scenes, strict=True))
    motion = [each for path, _ in pairs for each in project_motion(path)]
    inside = {each.scene for each in motion}
    outside = [each for _, used in pairs if used.name not in inside for each in project(used)]
    return msgspec.structs.replace(
        report, projections=tuple(outside), motion_projections=tuple(motion)
    )


def _baselines(task: Task, report: BenchmarkReport) -> BenchmarkReport:
    from edge_vad_bench.baselines import measure_baselines  # only this part needs torch

    return measure_baselines(task, report)


def _sizes(task: Task, report: BenchmarkReport) -> BenchmarkReport:
    from edge_vad_bench.baselines import measure_sizes

    growths = measure_sizes(task)
    return msgspec.structs.replace(report, growths=(*report.growths, *growths))


_MAKERS: dict[str, Part] = {
    SCENARIOS: _scenarios,
    FORMATS: _formats,
    CAMERAS: _watched,
    COLD: _cold_starts,
    GROWTH: _growths,
    BOUND: _compute_bounds,
    PROJECTION: _projections,
    BASELINES: _baselines,
    SIZES: _sizes,
}
