"""One camera of a benchmark: footage in a loop, through the pipeline of `edge-vad run`."""

from __future__ import annotations

from collections.abc import Iterator

from edge_vad.alarms.tracker import EventTracker
from edge_vad.backends import Backend, no_hook
from edge_vad.errors import BadInput
from edge_vad.frame import Frame
from edge_vad.outputs.overlay import Overlay
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import Detector
from edge_vad.sources import open_source
from edge_vad_bench.measure.stopwatch import Stopwatch


class LoopedCamera:
    """Footage that is played over and over, with the state of one camera.

    Args:
        source: What `edge_vad.open_source` takes.
        model: The scene model.
        backend: What runs it; may be shared.
        watch: Times every stage; None: stages are not timed.
    """

    def __init__(
        self, source: str, model: SceneModel, backend: Backend, watch: Stopwatch | None = None
    ) -> None:
        self._source = open_source(source)
        self._on_stage = watch.mark if watch else no_hook
        self._detector, self._device = Detector(model, backend), backend.device
        self._detector.on_stage(self._on_stage)
        self._tracker = EventTracker(normal=model.card.normal)
        self._overlay: Overlay | None = None
        self._model = model
        self._frames: Iterator[Frame] = iter(())

    def step(self, watch: Stopwatch, *, drawn: bool = False, injected_delay: float = 0.0) -> bool:
        """Take one frame from decoding to decision; False where the footage began anew.

        Args:
            watch: Stopped at the decision when `drawn`.
            drawn: Whether to draw the overlay after it.
            injected_delay: Share of its time by which the decision is delayed when `drawn`.
        """
        frame = next(self._frames, None)
        if frame is None:
            self.rewind()
            return False
        self._on_stage("decode")
        detection = self._detector.detect(frame)
        self._tracker.update(detection)
        self._on_stage("decision")
        if drawn:
            watch.inject_delay(injected_delay, self._device)
            watch.decided()
            self._drawer(frame).draw(detection)
            self._on_stage("overlay")
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
        """Close the source."""
        self._source.close()

    def _drawer(self, frame: Frame) -> Overlay:
        if self._overlay is None:
            rows, columns = frame.image.shape[:2]
            self._overlay = Overlay(self._model.card, columns, rows)
        return self._overlay
