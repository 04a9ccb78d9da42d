"""Measures the baselines in turns: the compute stage, and end to end from file to decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import islice

import msgspec
import numpy as np
import torch

from edge_vad.backends import Backend, ModelInput, load_backend, with_motion
from edge_vad.scene_model import SceneCard, SceneModel
from edge_vad.scoring.preparation import FramePreparer
from edge_vad.sources import open_source
from edge_vad_bench.baselines.torch_backends import TorchBackend, compiled, dense, patch_by_patch
from edge_vad_bench.measure.interleaved_runner import InterleavedRunner
from edge_vad_bench.measure.stopwatch import Stopwatch
from edge_vad_bench.measure.workload import Workload
from edge_vad_bench.schema import BaselineAgreement, BenchmarkReport
from edge_vad_bench.task import Task
from edge_vad_bench.workloads.scenarios import StreamWorkload
from edge_vad_train.checkpoint import TrainedScene, load_trained

_FRAMES = 24
_EXACT, _REDUCED = 1e-3, 0.25
"""Relative errors of the map up to which maps agree: single precision, and FP16 or INT8."""

_OURS = "edge-vad"


class ComputeWorkload(Workload):
    """The compute stage alone: inputs in memory, maps out.

    Args:
        subject: For readers.
        precision: What the encoders compute in.
        backend: What computes.
        inputs: Frames and motions, used over and over.
    """

    scenario = "Compute"

    def __init__(
        self, subject: str, precision: str, backend: Backend, inputs: Sequence[ModelInput]
    ) -> None:
        self.name = f"{self.scenario}/{subject}"
        self.subject, self.precision = subject, precision
        self.backend, self.device = backend.name, backend.device
        self._backend, self._inputs, self._turn = backend, inputs, 0

    def query(self, watch: Stopwatch) -> bool:
        """See `Workload`."""
        self._turn = (self._turn + 1) % len(self._inputs)
        self._backend.infer(self._inputs[self._turn])
        watch.decided()
        return True


def measure_baselines(task: Task, report: BenchmarkReport) -> BenchmarkReport:
    """Add rows, agreements and growths of the baselines to a report.

    Raises:
        BadModel: The folder holds no trained scene.
    """
    assert task.trained is not None  # noqa: S101 - else there is no baseline to measure
    threads = task.settings.threads
    torch.set_num_threads(threads)
    task.on_progress("preparing the baselines")
    scene, watch = load_trained(task.trained), Stopwatch()
    models = [SceneModel.read(path) for path in task.scenes]
    inputs = list(_inputs(task.source, models[0].card))
    notes: list[str] = []
    with ExitStack() as opened:
        baselines = _baselines(scene, inputs[0], notes)
        ours: list[Baseline] = []
        for model in models:
            for name in task.settings.backends:
                backend = opened.enter_context(closing(load_backend(model, name, threads=threads)))
                precision = model.card.precision
                ours.append((f"{_OURS} {name} {precision}", precision, backend))
        everyone = [*baselines, *ours]
        runner = InterleavedRunner(task.settings.plan, watch)
        rows = runner.measure(
            "peers", [ComputeWorkload(*each, inputs) for each in everyone], task.on_progress
        )
        slow, fast = everyone[0], ours[0]
        whole = [
            _EndToEndWorkload(models[0], subject, backend, task.source, watch)
            for subject, _, backend in (slow, fast)
        ]
        for each in whole:
            opened.callback(each.close)
        rows += runner.measure("peers, end to end", whole, task.on_progress)
        agreements = _agreements(everyone, inputs)
    return msgspec.structs.replace(
        report,
        rows=(*report.rows, *rows),
        agreements=agreements,
        notes=(*report.notes, *notes),
    )


class _EndToEndWorkload(StreamWorkload):
    """SingleStream with any backend."""

    def __init__(
        self, model: SceneModel, subject: str, backend: Backend, source: str, watch: Stopwatch
    ) -> None:
        super().__init__(model, backend, source, watch)
        self.subject = subject
        self.name = f"EndToEnd/{subject}"


Baseline = tuple[str, str, Backend]
"""What it is, the precision, and what computes."""


def _baselines(scene: TrainedScene, first: ModelInput, notes: list[str]) -> list[Baseline]:
    network = scene.network
    baselines: list[Baseline] = [
        ("PyTorch, patch by patch", "fp32", TorchBackend("torch-patches", patch_by_patch(network))),
        ("PyTorch, dense, eager", "fp32", TorchBackend("torch-eager", dense(network))),
    ]
    fast = TorchBackend("torch-compiled", compiled(network))
    try:
        fast.infer(first)  # compiles
    except Exception as error:  # noqa: BLE001 - a compiler may fail in any way
        notes.append(f"PyTorch could not compile the network here: {type(error).__name__}.")
    else:
        baselines.append(("PyTorch, dense, compiled", "fp32", fast))
    return baselines


def _inputs(source: str, card: SceneCard) -> Iterator[ModelInput]:
    """Frames of the source with their motion, from the first that has any."""
    preparer = FramePreparer(card)
    with open_source(source) as footage:
        for frame in islice(footage, _FRAMES + 1):
            prepared = preparer.prepare(frame, steps=1.0)
            if not prepared.unjudged:
                yield with_motion(prepared.inputs).copied()


def _agreements(
    everyone: Sequence[Baseline], inputs: Sequence[ModelInput]
) -> tuple[BaselineAgreement, ...]:
    """Compare all with the eager network in single precision."""
    reference, _, eager = next(each for each in everyone if each[2].name == "torch-eager")
    expected = np.concatenate([eager.infer(each).anomaly_map for each in inputs])
    agreements = []
    for subject, precision, backend in everyone:
        if backend is eager:
            continue
        found = np.concatenate([backend.infer(each).anomaly_map for each in inputs])
        error = float(np.abs(found - expected).max() / np.abs(expected).max())
        agreements.append(
            BaselineAgreement(
                subject=subject,
                reference=reference,
                frames=len(inputs),
                relative_error=error,
                tolerance=_EXACT if precision == "fp32" else _REDUCED,
            )
        )
    return tuple(agreements)
