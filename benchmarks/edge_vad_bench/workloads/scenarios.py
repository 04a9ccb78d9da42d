"""What takes part in a measurement, and the pipeline of the runtime as such."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, closing

from edge_vad.alarms.tracker import EventTracker
from edge_vad.backends import Backend, unmarked
from edge_vad.errors import BadInput
from edge_vad.frame import Frame
from edge_vad.outputs.overlay import Overlay
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import Detector
from edge_vad.sources import open_source
from edge_vad_bench.measure.stopwatch import Stopwatch

SINGLE, MULTI, OFFLINE = "SingleStream", "MultiStream", "Offline"
"""The scenarios of MLPerf LoadGen; see `docs/benchmarks.md`."""

METRIC_PERCENTILE = {SINGLE: 90.0, MULTI: 99.0, OFFLINE: 50.0}

CAMERAS_OF_A_QUERY = 8
"""Samples of a MultiStream query, as in MLPerf."""

FRAMES_OF_A_CHUNK = 8
"""An Offline query is the whole recording; it is timed in chunks of this many frames."""


class Contestant(ABC):
    """Something whose queries can be timed, one after the other.

    Attributes:
        name: Unique in a report.
        scenario: Of MLPerf, or what it is.
        subject: For readers.
        precision: What the encoders compute in; empty where there are none.
        backend: What runs the graph; empty where nothing does.
        device: Where.
        frames: Frames that a query decides on.
    """

    name: str
    scenario: str
    subject: str
    precision: str = ""
    backend: str = ""
    device: str = "cpu"
    frames: int = 1

    @abstractmethod
    def query(self, watch: Stopwatch) -> bool:
        """Do the next query; False where it does not count, as when a recording began anew."""

    def values(self) -> dict[str, float]:
        """Further figures, once all is measured."""
        return {}

    def close(self) -> None:
        """Give back what it holds."""


class Camera:
    """Footage that is played over and over, with all that belongs to one camera.

    Args:
        source: What `edge_vad.open_source` takes.
        model: The scene model.
        backend: What runs it; may be shared.
        watch: Told of every stage.
    """

    def __init__(
        self, source: str, model: SceneModel, backend: Backend, watch: Stopwatch | None = None
    ) -> None:
        self._source = open_source(source)
        self._mark = watch.mark if watch else unmarked
        self._detector, self._device = Detector(model, backend), backend.device
        self._detector.listen(self._mark)
        self._tracker = EventTracker(normal=model.card.normal)
        self._overlay: Overlay | None = None
        self._model = model
        self._frames: Iterator[Frame] = iter(())

    def step(self, watch: Stopwatch, *, drawn: bool = False, handicap: float = 0.0) -> bool:
        """Take one frame from decoding to decision; False where the footage began anew.

        Args:
            watch: Stopped at the decision when `drawn`.
            drawn: Whether to draw the overlay after it.
            handicap: Share by which the decision is put off when `drawn`.
        """
        frame = next(self._frames, None)
        if frame is None:
            self.rewind()
            return False
        self._mark("decode")
        detection = self._detector.detect(frame)
        self._tracker.update(detection)
        self._mark("decision")
        if drawn:
            watch.put_off(handicap, self._device)
            watch.decided()
            self._drawer(frame).draw(detection)
            self._mark("overlay")
        return True

    def rewind(self) -> None:
        """Begin anew: the first frame has no motion, and is no query."""
        self._detector.reset()
        self._frames = iter(self._source)
        first = next(self._frames, None)
        if first is None:
            raise BadInput(f"{self._source.name} holds no frame", "check the source")
        self._detector.detect(first)

    def close(self) -> None:
        """Give back the file."""
        self._source.close()

    def _drawer(self, frame: Frame) -> Overlay:
        if self._overlay is None:
            rows, columns = frame.image.shape[:2]
            self._overlay = Overlay(self._model.card, columns, rows)
        return self._overlay


class Cameras(Contestant):
    """SingleStream or MultiStream: one frame of each camera, from decoding to decision.

    Args:
        model: The scene model.
        backend: What runs it.
        source: What `edge_vad.open_source` takes.
        watch: Times the stages.
        cameras: How many; one is SingleStream, whose overlay is drawn and timed, too.
        handicap: Share of its time by which every query is slowed down.
    """

    def __init__(
        self,
        model: SceneModel,
        backend: Backend,
        source: str,
        watch: Stopwatch,
        *,
        cameras: int = 1,
        handicap: float = 0.0,
    ) -> None:
        self.scenario = SINGLE if cameras == 1 else MULTI
        self.precision, self.backend, self.device = (
            model.card.precision,
            backend.name,
            backend.device,
        )
        self.subject = f"{backend.name} {model.card.precision}"
        self.name = f"{self.scenario}/{backend.name}/{model.card.precision}"
        self.frames = cameras
        self._watch, self._handicap = watch, handicap
        self._backend = backend
        with ExitStack() as opening:
            self._cameras = [
                opening.enter_context(closing(Camera(source, model, backend, watch)))
                for _ in range(cameras)
            ]
            self._closing = opening.pop_all()

    def query(self, watch: Stopwatch) -> bool:
        """See `Contestant`."""
        alone, handicap = len(self._cameras) == 1, self._handicap
        self._backend.mark = watch.mark
        counts = [camera.step(watch, drawn=alone, handicap=handicap) for camera in self._cameras]
        if not alone:
            watch.put_off(handicap, self.device)
        return all(counts)

    def close(self) -> None:
        """See `Contestant`."""
        self._closing.close()
        self._backend.mark = unmarked


class WholeRecording(Contestant):
    """Offline: a recording as fast as it goes.

    Args:
        model: The scene model.
        backend: What runs it.
        source: What `edge_vad.open_source` takes.
        handicap: Share of its time by which every chunk is slowed down.
    """

    scenario, frames = OFFLINE, FRAMES_OF_A_CHUNK

    def __init__(
        self, model: SceneModel, backend: Backend, source: str, handicap: float = 0.0
    ) -> None:
        self.precision, self.backend, self.device = (
            model.card.precision,
            backend.name,
            backend.device,
        )
        self.subject = f"{backend.name} {model.card.precision}"
        self.name = f"{self.scenario}/{backend.name}/{model.card.precision}"
        self._source, self._handicap = open_source(source), handicap
        self._detector = Detector(model, backend)
        self._backend = backend
        self._detections = self._detector.watch(self._source)

    def query(self, watch: Stopwatch) -> bool:
        """See `Contestant`."""
        self._backend.mark = unmarked
        for _ in range(self.frames):
            if next(self._detections, None) is None:
                self._detections = self._detector.watch(self._source)
                if next(self._detections, None) is None:
                    raise BadInput(f"{self._source.name} holds no frame", "check the source")
                return False
        watch.put_off(self._handicap, self.device)
        return True

    def close(self) -> None:
        """See `Contestant`."""
        self._source.close()
