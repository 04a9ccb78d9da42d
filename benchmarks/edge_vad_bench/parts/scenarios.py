"""The part `scenarios`: the scenarios of MLPerf LoadGen, every scene and backend in turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

from edge_vad.backends import Backend, load_backend
from edge_vad.scene_model import SceneModel
from edge_vad_bench.measure.energy import open_energy_meter
from edge_vad_bench.measure.interleaved_runner import InterleavedRunner
from edge_vad_bench.measure.nvml import open_nvml
from edge_vad_bench.measure.stopwatch import Stopwatch
from edge_vad_bench.measure.workload import Workload
from edge_vad_bench.schema import BenchmarkRow
from edge_vad_bench.task import Task
from edge_vad_bench.workloads.scenarios import (
    CAMERAS_OF_A_QUERY,
    MULTI,
    OFFLINE,
    SINGLE,
    OfflineWorkload,
    StreamWorkload,
)

GROUP = "scenarios"


def measure_scenarios(task: Task) -> tuple[BenchmarkRow, ...]:
    """Measure the scenarios that were asked for; all scenes and backends take turns in each."""
    watch, nvml = Stopwatch(), open_nvml()
    meter = open_energy_meter(nvml)
    rows: tuple[BenchmarkRow, ...] = ()
    with ExitStack() as closers:
        if meter:
            closers.callback(meter.close)
        runner = InterleavedRunner(task.settings.plan, watch, nvml, meter)
        backends = [closers.enter_context(closing(each)) for each in _backends(task)]
        pairs = list(zip(_models(task), backends, strict=True))
        for scenario in task.settings.scenarios:
            make = MAKERS[scenario]
            with ExitStack() as opened:
                workloads = [
                    opened.enter_context(closing(make(task, model, backend, watch)))
                    for model, backend in pairs
                ]
                rows = (*rows, *runner.measure(GROUP, workloads, task.on_progress))
    return rows


def _models(task: Task) -> Iterator[SceneModel]:
    for path in task.scenes:
        model = SceneModel.read(path)
        for _ in task.settings.backends:
            yield model


def _backends(task: Task) -> Iterator[Backend]:
    for path in task.scenes:
        for name in task.settings.backends:
            yield load_backend(SceneModel.read(path), name, threads=task.settings.threads)


def _single(task: Task, model: SceneModel, backend: Backend, watch: Stopwatch) -> Workload:
    delay = task.settings.plan.injected_delay
    return StreamWorkload(model, backend, task.source, watch, injected_delay=delay)


def _multi(task: Task, model: SceneModel, backend: Backend, watch: Stopwatch) -> Workload:
    delay, cameras = task.settings.plan.injected_delay, CAMERAS_OF_A_QUERY
    return StreamWorkload(model, backend, task.source, watch, cameras=cameras, injected_delay=delay)


def _offline(task: Task, model: SceneModel, backend: Backend, _: Stopwatch) -> Workload:
    return OfflineWorkload(model, backend, task.source, task.settings.plan.injected_delay)


MAKERS = {SINGLE: _single, MULTI: _multi, OFFLINE: _offline}
"""Scenario to what makes its workload."""
