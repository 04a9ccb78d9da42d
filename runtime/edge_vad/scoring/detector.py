"""The detector: frames in, detections out."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from edge_vad import engine_file
from edge_vad.alarms.ignored import IgnoredCells
from edge_vad.alarms.localisation import locate
from edge_vad.backends import Backend, Inputs, Maps, Mark, load_backend, unmarked
from edge_vad.camera_state import CameraState
from edge_vad.detection import NO_MOTION, Detection
from edge_vad.errors import BadModel
from edge_vad.false_alarms import parse_rate
from edge_vad.frame import Frame
from edge_vad.motion.extractor import MotionExtractor, Moved
from edge_vad.motion.pace import at_pace
from edge_vad.preprocessing.regions import Polygon
from edge_vad.preprocessing.resize import FrameResizer
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.flow_prefetch import MeasuredFrame, prefetch_flow, usable_cores
from edge_vad.scoring.tamper_detector import TamperDetector
from edge_vad.sources import Source
from edge_vad.sources.recording import Recording
from edge_vad.sources.series import Series

_CHANGED_AFTER_S = 10.0
"""As live: seconds that the scene must be gone."""


class Detector:
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
        is_default_rate: Whether nobody said it, and it follows from that footage.
        threshold: Score from which on a frame is anomalous; may be changed at any time.
    """

    _mark: Mark = staticmethod(unmarked)

    def __init__(
        self,
        model: SceneModel,
        backend: Backend,
        false_alarms: str | None = None,
        ignore: Sequence[Polygon] = (),
    ) -> None:
        self.model = model
        self.is_default_rate = false_alarms is None
        self.false_alarms = model.card.normal.accepted(false_alarms)
        self.threshold = model.card.normal.threshold(parse_rate(self.false_alarms))
        self._backend = backend
        card = model.card
        self._resizer = FrameResizer(card.height, card.width, card.ignored)
        self._ignored = IgnoredCells(ignore, card)
        self._motion = MotionExtractor(card.height, card.width, card.motion)
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
        image = self._resizer.resize(frame.image)
        self._mark("resize")
        return self._score(frame, image, self._motion.measure(image, steps))

    @property
    def knows_motion(self) -> bool:
        """Whether anything can be said of the frame scored last."""
        return self._motion.known

    def listen(self, mark: Mark) -> None:
        """Have the stages of every frame told from now on, by which they can be timed.

        Args:
            mark: Called after `resize`, `flow`, `pooling`, the stages of the backend, and
                `decision`.
        """
        self._mark = self._backend.mark = mark

    def _score(
        self,
        frame: Frame,
        image: NDArray[np.uint8],
        moved: Moved,
        match: TamperDetector | None = None,
    ) -> Detection:
        """Score a frame whose motion since the one before was measured, if it has any."""
        self._mark("flow")
        motion = self._motion.pool(moved)
        self._mark("pooling")
        if match and (state := match.judge(image, frame.time_s)) is not CameraState.LIVE:
            return self.judge(frame, None, str(state))
        maps = self._backend.infer(Inputs(image[None], motion[None]))
        detection = self.judge(frame, maps if self.knows_motion else None)
        self._mark("decision")
        return detection

    def judge(self, frame: Frame, maps: Maps | None, why: str = NO_MOTION) -> Detection:
        """Make a detection of what the graph says of a frame; None where it was not judged.

        Args:
            frame: The frame.
            maps: What the graph says.
            why: Why it was not judged, where it was not.

        Raises:
            BadModel: The graph gave no number.
        """
        if maps is None:
            return Detection(frame, 0.0, self.threshold, self._nothing, None, why)
        score, anomaly_map = float(maps.score[0]), maps.anomaly_map[0]
        if not maps.are_finite:
            raise BadModel(
                f"{self.model.path} gives no number for frame {frame.index}",
                "write it again with edge-vad export, or train the scene again",
            )
        size, box = frame.image.shape[:2], None
        score, anomaly_map = self._ignored.counted(score, anomaly_map, *size)
        if score >= self.threshold:
            box = locate(anomaly_map, self.threshold, self.model.card, *size)
        return Detection(frame, score, self.threshold, anomaly_map, box)

    def watch(self, source: Source, ahead: int | None = None) -> Iterator[Detection]:
        """Score a source from its beginning, at the pace of the scene.

        What moved is divided by the time that passed; frames that come faster than the scene's are
        thinned out, and a hole in time empties the motion window. Frames that do not show the scene
        are not judged.

        Args:
            source: The frames.
            ahead: Threads that measure motion some frames ahead of the scoring, which gives the
                same scores sooner. None: one a core for recordings, and none for cameras, where it
                would only delay.
        """
        if ahead is None:
            ahead = usable_cores() if isinstance(source, Recording | Series) else 0
        empty = self.model.card.empty
        match = TamperDetector(_CHANGED_AFTER_S, empty, self.model.card.ignored) if empty else None
        with closing(self._measured(source, ahead)) as measured:
            for frame, image, moved in measured:
                if match and moved.flow is None:
                    match.forget_present()
                yield self._score(frame, image, moved, match)

    def _measured(self, source: Source, ahead: int) -> Generator[MeasuredFrame, None, None]:
        """The frames that are looked at, and how they moved."""
        if ahead > 1:
            for measured in prefetch_flow(source, self.model.card, ahead):
                self._mark("decode")
                if measured.moved.flow is None:
                    self.reset()
                yield measured
            return
        for frame, steps in at_pace(source, self.model.card.fps):
            image = self._resizer.resize(frame.image)
            self._mark("resize")
            if steps is None:
                self.reset()
            yield MeasuredFrame(frame, image, self._motion.measure(image, steps or 1.0))

    def reset(self) -> None:
        """Empty the motion window: after a gap nothing of before it may count."""
        self._motion.reset()

    def close(self) -> None:
        """Give back the device's memory; harmless when called twice."""
        self._backend.close()

    def __enter__(self) -> Detector:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


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
    engine = None
    if Path(path).suffix == engine_file.SUFFIX:
        engine = Path(path)
        path, backend = engine_file.resolve(engine, backend)
    model = SceneModel.read(path)
    runner = load_backend(model, backend, threads=threads, engine=engine, rebuild=rebuild)
    return Detector(model, runner, false_alarms, ignore)
