"""The parts of a benchmark, one after the other; what is done is on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from edge_vad.backends import Backend, load_backend
from edge_vad.backends.providers import package_version
from edge_vad.opencv import cv2
from edge_vad.scene_model import SceneModel
from edge_vad_bench import store
from edge_vad_bench.measure.device import read_device
from edge_vad_bench.measure.energy import open_energy_meter
from edge_vad_bench.measure.interleaved_runner import Arena
from edge_vad_bench.measure.nvml import open_nvml
from edge_vad_bench.measure.stopwatch import Stopwatch
from edge_vad_bench.parts.cold_start import measure_cold_start
from edge_vad_bench.parts.compute_bound import measure_floor
from edge_vad_bench.parts.growth import measure_growths
from edge_vad_bench.parts.roofline import project
from edge_vad_bench.report.notes import notes
from edge_vad_bench.schema import SCHEMA, Report, Settings
from edge_vad_bench.workloads.scenarios import (
    CAMERAS_OF_A_QUERY,
    MULTI,
    OFFLINE,
    SINGLE,
    Cameras,
    Contestant,
    WholeRecording,
)

SCENARIOS, COLD, GROWTH, FLOOR, PROJECTION, PEERS, SIZES = (
    "scenarios",
    "cold start",
    "growth",
    "floor",
    "projection",
    "peers",
    "sizes",
)
PARTS = (SCENARIOS, COLD, GROWTH, FLOOR, PROJECTION)
PARTS_OF_PEERS = (PEERS, SIZES)
"""What is measured besides where the training is at hand."""

Part = Callable[[Report], Report]


@dataclass(frozen=True)
class Task:
    """What is to be measured.

    Attributes:
        scenes: The scene models.
        source: What `edge_vad.open_source` takes.
        settings: The same, as the report tells it.
        trained: Folder of the training, for peers; None without.
        say: Told what is being done.
    """

    scenes: tuple[Path, ...]
    source: str
    settings: Settings
    trained: Path | None
    say: Callable[[str], None]


def run(task: Task, out: Path, *, fresh: bool = False) -> Report:
    """Do what has not been done yet, and write the report after every part.

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
    makers = {
        SCENARIOS: _scenarios,
        COLD: _cold_starts,
        GROWTH: _growths,
        FLOOR: _floors,
        PROJECTION: _projections,
        PEERS: _peers,
        SIZES: _sizes,
    }
    for part in task.settings.parts:
        if part not in report.done:
            report = makers[part](task, report)
            report = msgspec.structs.replace(report, done=(*report.done, part))
            store.write(path, report)
    report = msgspec.structs.replace(report, complete=True)
    store.write(path, report)
    return report


def begin(task: Task) -> Report:
    """The report before anything is measured."""
    return Report(
        schema=SCHEMA,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        edge_vad=package_version("edge-vad") or "unknown",
        device=read_device(),
        settings=task.settings,
        notes=notes(task.settings, task.source),
    )


def _scenarios(task: Task, report: Report) -> Report:
    plan, watch, nvml = task.settings.plan, Stopwatch(), open_nvml()
    meter, rows = open_energy_meter(nvml), report.rows
    with ExitStack() as closers:
        if meter:
            closers.callback(meter.close)
        arena = Arena(plan, watch, nvml, meter)
        runners = [closers.enter_context(closing(each)) for each in _backends(task)]
        pairs = [(model, backend) for (model, backend) in zip(_models(task), runners, strict=True)]
        for scenario in task.settings.scenarios:
            make = SCENARIO_MAKERS[scenario]
            with ExitStack() as opened:
                field = [
                    opened.enter_context(closing(make(task, model, backend, watch)))
                    for model, backend in pairs
                ]
                rows = (*rows, *arena.measure(SCENARIOS, field, task.say))
    return msgspec.structs.replace(report, rows=rows)


def _models(task: Task) -> Iterator[SceneModel]:
    for path in task.scenes:
        model = SceneModel.read(path)
        for _ in task.settings.backends:
            yield model


def _backends(task: Task) -> Iterator[Backend]:
    for path in task.scenes:
        for name in task.settings.backends:
            yield load_backend(SceneModel.read(path), name, threads=task.settings.threads)


def _single(task: Task, model: SceneModel, backend: Backend, watch: Stopwatch) -> Contestant:
    handicap = task.settings.plan.handicap
    return Cameras(model, backend, task.source, watch, handicap=handicap)


def _multi(task: Task, model: SceneModel, backend: Backend, watch: Stopwatch) -> Contestant:
    handicap = task.settings.plan.handicap
    return Cameras(
        model, backend, task.source, watch, cameras=CAMERAS_OF_A_QUERY, handicap=handicap
    )


def _offline(task: Task, model: SceneModel, backend: Backend, _: Stopwatch) -> Contestant:
    return WholeRecording(model, backend, task.source, task.settings.plan.handicap)


SCENARIO_MAKERS = {SINGLE: _single, MULTI: _multi, OFFLINE: _offline}


def _cold_starts(task: Task, report: Report) -> Report:
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
            say=task.say,
        )
        for path, used in zip(task.scenes, task.settings.scenes, strict=True)
        for backend in task.settings.backends
    ]
    return msgspec.structs.replace(report, rows=(*report.rows, *rows))


def _growths(task: Task, report: Report) -> Report:
    growths = measure_growths(task.scenes[0], task.source, task.settings.threads, task.say)
    return msgspec.structs.replace(report, growths=(*report.growths, *growths))


def _floors(task: Task, report: Report) -> Report:
    floors = [
        measure_floor(path, task.settings.threads, task.say)
        for path, used in zip(task.scenes, task.settings.scenes, strict=True)
        if used.precision == "fp32"
    ]
    return msgspec.structs.replace(report, floors=tuple(each for each in floors if each))


def _projections(task: Task, report: Report) -> Report:
    projections = [each for used in task.settings.scenes for each in project(used)]
    return msgspec.structs.replace(report, projections=tuple(projections))


def _peers(task: Task, report: Report) -> Report:
    from edge_vad_bench.baselines import measure_peers  # torch is wanted for these alone

    return measure_peers(task, report)


def _sizes(task: Task, report: Report) -> Report:
    from edge_vad_bench.baselines import measure_sizes

    growths = measure_sizes(task)
    return msgspec.structs.replace(report, growths=(*report.growths, *growths))
