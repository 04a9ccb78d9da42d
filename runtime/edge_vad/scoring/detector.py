"""The detector: frames in, detections out."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from edge_vad.alarms.localisation import Localiser
from edge_vad.backends import Backend, StageHook, no_hook
from edge_vad.detection import Detection
from edge_vad.false_alarms import parse_rate
from edge_vad.files.closing import Closing
from edge_vad.frame import Frame
from edge_vad.motion.pace import at_pace
from edge_vad.preprocessing.regions import Polygon
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.flow_prefetch import prefetch_flow, usable_cores
from edge_vad.scoring.opening import open_scene
from edge_vad.scoring.preparation import FramePreparer, PreparedFrame, ask_for
from edge_vad.scoring.scorer import Scorer
from edge_vad.scoring.tamper_detector import TamperDetector
from edge_vad.sources import Source
from edge_vad.sources.recordings.recording import Recording
from edge_vad.sources.recordings.series import Series

_CHANGED_AFTER_S = 10.0
"""As live: seconds that the scene must be gone."""


class Detector(Closing):
    """Scores the frames of one camera, one after the other.

    Args:
        model: The scene model.
        backend: What runs its graph.
        false_alarms: Alarms one accepts on normal footage, such as `1/day`; None: the rarest rate
            that the footage of its training could show.
        ignore: Regions in which nothing counts, besides those that the scene leaves out: polygons,
            px of the frames.

    Attributes:
        model: The scene model.
        false_alarms: The accepted rate that it began with.
        ignore: The regions that were given.
        is_default_rate: Whether nobody said it, and it follows from that footage.
        threshold: Score from which on a frame is anomalous; may be changed at any time.
    """

    _on_stage: StageHook = staticmethod(no_hook)

    def __init__(
        self,
        model: SceneModel,
        backend: Backend,
        false_alarms: str | None = None,
        ignore: Sequence[Polygon] = (),
    ) -> None:
        card = model.card
        self.model, self.ignore = model, tuple(ignore)
        self.is_default_rate = false_alarms is None
        self.false_alarms = card.normal.accepted(false_alarms)
        self.threshold = card.normal.threshold(parse_rate(self.false_alarms))
        self._backend, self._scorer = backend, Scorer(model, backend, largest_batch=1)
        self._preparer, self._localiser = FramePreparer(card), Localiser(card, ignore)
        self._nothing = np.zeros((card.grid.rows, card.grid.columns), np.float32)

    def detect(self, frame: Frame, *, steps: float = 1.0) -> Detection:
        """Score the next frame; only frames before it are looked at besides.

        The first frame, and the first after a `reset`, has no motion: nothing can be said of it,
        and its score is 0, about the level of ordinary normal footage. So it is with a picture that
        stands still for long.

        Args:
            frame: The frame.
            steps: How many frame times of the scene lie between the frame before and this one.

        Raises:
            BadInput: The frame's shape is not that of the scene's camera.
            BadModel: The graph gave no number.
        """
        return self.decide(self._preparer.prepare(frame, steps))

    def on_stage(self, hook: StageHook) -> None:
        """Have `hook` called after every stage of a frame from now on, by which they can be timed.

        Args:
            hook: Called after `resize`, `flow`, `pooling`, the stages of the backend, and
                `decision`.
        """
        self._on_stage = self._preparer.on_stage = self._backend.on_stage = hook

    def decide(self, prepared: PreparedFrame) -> Detection:
        """Score a frame that is prepared, unless it is known that nothing can be said of it.

        Raises:
            BadModel: The graph gave no number.
        """
        frame, unjudged = prepared.frame, prepared.unjudged
        if prepared.is_for_graph:
            ((score, anomaly_map, unjudged),) = self._scorer.score([prepared])
        if unjudged:
            return Detection(frame, 0.0, self.threshold, self._nothing, None, unjudged)
        detection = self._localiser.to_detection(frame, score, anomaly_map, self.threshold)
        self._on_stage("decision")
        return detection

    def watch(self, source: Source, ahead: int | None = None) -> Iterator[Detection]:
        """Score a source from its beginning, at the pace of the scene.

        What moved is divided by the time that passed; frames that come faster than the scene's are
        thinned out, and a hole in time empties the motion window. Frames that do not show the scene
        are not judged.

        Args:
            source: The frames.
            ahead: Threads that measure motion some frames ahead of the scoring, which gives the
                same scores sooner. None: one a core for recordings, and none for cameras, where it
                would only delay. None where the graph measures motion.
        """
        with closing(self.prepare(source, ahead)) as frames:
            for prepared in frames:
                yield self.decide(prepared)

    def prepare(
        self, source: Source, ahead: int | None = None
    ) -> Generator[PreparedFrame, None, None]:
        """Prepare the frames of a source as `watch` does, without scoring them.

        Args:
            source: The frames.
            ahead: As for `watch`.
        """
        if self.model.card.motion_inside:
            ahead = 0
        if ahead is None:
            ahead = usable_cores() if isinstance(source, Recording | Series) else 0
        card = self.model.card
        ask_for(source, card.camera)
        match = TamperDetector(_CHANGED_AFTER_S, card.empty, card.ignored) if card.empty else None
        preparer = FramePreparer(card, match)
        preparer.on_stage = self._on_stage
        if ahead <= 1:
            for frame, steps in at_pace(source, card.fps):
                yield preparer.prepare(frame, steps)
            return
        with closing(prefetch_flow(source, card, ahead)) as frames:
            for measured in frames:
                self._on_stage("decode")
                if measured.measurement.flow is None:
                    preparer.reset()
                yield preparer.pool(measured, preparer.state(measured.frame, measured.image))

    def reset(self) -> None:
        """Empty the motion window of `detect`: after a gap nothing of before it may count."""
        self._preparer.reset()

    def close(self) -> None:
        """Give back the device's memory; harmless when called twice."""
        self._backend.close()


def load(
    path: str | Path,
    *,
    backend: str = "onnxruntime",
    false_alarms: str | None = None,
    threads: int | None = None,
    rebuild: bool = False,
    ignore: Sequence[Polygon] = (),
) -> Detector:
    """Load a scene model, ready to score frames.

    Args:
        path: The scene model, `scene.onnx`, or an engine that lies beside it.
        backend: What runs it.
        false_alarms: Alarms one accepts on normal footage, such as `1/day`; None: the rarest rate
            that the footage of its training could show.
        threads: CPU threads; one for small frames, all cores for others when None.
        rebuild: Build the engine anew where it does not belong here or is missing.
        ignore: Regions in which nothing counts, besides those that the scene leaves out: polygons,
            px of the frames.

    Raises:
        BadModel: The file is broken, foreign or too new.
        Unavailable: The backend is not on this machine.
        WrongUse: A false alarm rate or a backend that does not exist.
    """
    return Detector(
        *open_scene(path, backend, threads=threads, rebuild=rebuild), false_alarms, ignore
    )
