"""The scenarios of MLPerf LoadGen as workloads: SingleStream, MultiStream and Offline."""

from __future__ import annotations

from contextlib import ExitStack, closing

from edge_vad.backends import Backend, no_hook
from edge_vad.errors import BadInput
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import Detector
from edge_vad.sources import open_source
from edge_vad_bench.measure.stopwatch import Stopwatch
from edge_vad_bench.measure.workload import Workload
from edge_vad_bench.workloads.looped_camera import LoopedCamera

SINGLE, MULTI, OFFLINE = "SingleStream", "MultiStream", "Offline"
"""The scenarios of MLPerf LoadGen; see `docs/benchmarks.md`."""

_METRIC_PERCENTILE = {SINGLE: 90.0, MULTI: 99.0}

CAMERAS_OF_A_QUERY = 8
"""Samples of a MultiStream query, as in MLPerf."""

FRAMES_OF_A_CHUNK = 8
"""An Offline query is the whole recording; it is timed in chunks of this many frames."""


class StreamWorkload(Workload):
    """SingleStream or MultiStream: one frame of each camera, from decoding to decision.

    Args:
        model: The scene model.
        backend: What runs it.
        source: What `edge_vad.open_source` takes.
        watch: Times the stages.
        cameras: How many; one is SingleStream, whose overlay is drawn and timed, too.
        injected_delay: Share of its time by which every query is slowed down.
    """

    def __init__(
        self,
        model: SceneModel,
        backend: Backend,
        source: str,
        watch: Stopwatch,
        *,
        cameras: int = 1,
        injected_delay: float = 0.0,
    ) -> None:
        self.scenario = SINGLE if cameras == 1 else MULTI
        self.metric_percentile = _METRIC_PERCENTILE[self.scenario]
        _describe(self, model, backend)
        self.frames = cameras
        self._watch, self._injected_delay = watch, injected_delay
        self._backend = backend
        with ExitStack() as opening:
            self._cameras = [
                opening.enter_context(closing(LoopedCamera(source, model, backend, watch)))
                for _ in range(cameras)
            ]
            self._closing = opening.pop_all()

    def query(self, watch: Stopwatch) -> bool:
        """See `Workload`."""
        alone, delay = len(self._cameras) == 1, self._injected_delay
        self._backend.on_stage = watch.mark
        counts = [each.step(watch, drawn=alone, injected_delay=delay) for each in self._cameras]
        if not alone:
            watch.inject_delay(delay, self.device)
        return all(counts)

    def close(self) -> None:
        """See `Workload`."""
        self._closing.close()
        self._backend.on_stage = no_hook


class OfflineWorkload(Workload):
    """Offline: a recording as fast as the pipeline takes it.

    Args:
        model: The scene model.
        backend: What runs it.
        source: What `edge_vad.open_source` takes.
        injected_delay: Share of its time by which every chunk is slowed down.
    """

    scenario, frames = OFFLINE, FRAMES_OF_A_CHUNK

    def __init__(
        self, model: SceneModel, backend: Backend, source: str, injected_delay: float = 0.0
    ) -> None:
        _describe(self, model, backend)
        self._source, self._injected_delay = open_source(source), injected_delay
        self._detector = Detector(model, backend)
        self._backend = backend
        self._detections = self._detector.watch(self._source)

    def query(self, watch: Stopwatch) -> bool:
        """See `Workload`."""
        self._backend.on_stage = no_hook
        for _ in range(self.frames):
            if next(self._detections, None) is None:
                self._detections = self._detector.watch(self._source)
                if next(self._detections, None) is None:
                    raise BadInput(f"{self._source.name} holds no frame", "check the source")
                return False
        watch.inject_delay(self._injected_delay, self.device)
        return True

    def close(self) -> None:
        """See `Workload`."""
        self._source.close()


def _describe(workload: Workload, model: SceneModel, backend: Backend) -> None:
    """Name a workload after its scenario, backend and precision."""
    precision = model.card.precision
    workload.precision, workload.backend, workload.device = precision, backend.name, backend.device
    workload.subject = f"{backend.name} {precision}"
    workload.name = f"{workload.scenario}/{backend.name}/{precision}"
