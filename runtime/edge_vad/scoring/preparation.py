"""From a camera's frame to what the graph takes: the one way of recordings and cameras."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends import AnyInput, CameraHandle, CameraInput, ModelInput, StageHook, no_hook
from edge_vad.camera_state import CameraState
from edge_vad.detection import NO_MOTION
from edge_vad.errors import BadInput
from edge_vad.frame import CameraPicture, Form, Frame
from edge_vad.motion.extractor import LONG_STEP, FlowMeasurement, MotionExtractor
from edge_vad.motion.state import MotionInside
from edge_vad.preprocessing.resize import FrameResizer
from edge_vad.scene_model import SceneCard
from edge_vad.scoring.tamper_detector import TamperDetector
from edge_vad.sources import Source

_log = logging.getLogger(__name__)


class Elapsed(NamedTuple):
    """What a graph with motion inside is told instead of motion.

    Attributes:
        camera: Whose frame it is.
        steps: Frame times of the scene since its last frame.
        reset: Whether what was before is to be forgotten.
    """

    camera: CameraHandle
    steps: float
    reset: bool


class Motion(Protocol):
    """What follows the motion of one camera; see `MotionExtractor`.

    Attributes:
        known: Whether motion is known, or whether the graph will say that.
    """

    known: bool

    def reset(self) -> None:
        """Forget everything seen so far."""

    def measure(self, image: NDArray[np.uint8], steps: float) -> FlowMeasurement:
        """Take the next frame."""

    def pool(self, measurement: FlowMeasurement) -> NDArray[np.float32] | Elapsed:
        """What the graph is given for it."""


class GraphMotion:
    """Leaves motion to the graph, and counts the time for it.

    Args:
        inside: How the graph measures it.
    """

    known = True

    def __init__(self, inside: MotionInside) -> None:
        self._camera, self._is_fresh = CameraHandle(), True
        self._is_limited = not inside.long_steps

    def reset(self) -> None:
        """Have the graph forget the camera's past at the next frame."""
        self._is_fresh = True

    def measure(self, image: NDArray[np.uint8], steps: float) -> FlowMeasurement:  # noqa: ARG002
        """Note the time."""
        if self._is_limited and steps >= LONG_STEP:
            self._is_limited = False
            _log.warning(
                "frames come %.1f frame times of the scene apart, and its graph measures motion of "
                "shorter steps; if the camera is slow, export with --long-steps",
                steps,
            )
        return FlowMeasurement(None, steps)

    def pool(self, measurement: FlowMeasurement) -> Elapsed:
        """What the graph is told of the frame."""
        fresh, self._is_fresh = self._is_fresh, False
        return Elapsed(self._camera, measurement.steps, fresh)


class MeasuredFrame(NamedTuple):
    """A frame and its flow from the one before.

    Attributes:
        frame: As the source gave it.
        image: uint8, of the model's size; used again by later frames.
        measurement: Its flow, unpooled; none for the first frame, and the first after a hole.
            Used again by later frames.
    """

    frame: Frame
    image: NDArray[np.uint8]
    measurement: FlowMeasurement


class PreparedFrame(NamedTuple):
    """A frame that is ready for the graph, or the reason why it is not judged.

    Attributes:
        frame: As the source gave it.
        image: uint8, of the model's size; used again by later frames.
        motion: float32, the pooled motion up to it, used again by later frames; or what the graph
            is told that measures motion itself.
        unjudged: Why nothing can be said of it; empty where it is to be scored.
        own: uint8, the camera's own picture, where the graph takes that; used again, too.
    """

    frame: Frame
    image: NDArray[np.uint8]
    motion: NDArray[np.float32] | Elapsed
    unjudged: str = ""
    own: NDArray[np.uint8] | None = None

    @property
    def picture(self) -> NDArray[np.uint8]:
        """What the graph takes of it."""
        return self.image if self.own is None else self.own

    @property
    def inputs(self) -> AnyInput:
        """What the graph takes, for this one frame."""
        if isinstance(self.motion, Elapsed):
            return camera_input(self.picture[None], [self.motion])
        return ModelInput(self.picture[None], self.motion[None])

    @property
    def is_for_graph(self) -> bool:
        """Whether the graph is to see it: to score it, or to know its picture at the next one."""
        return not self.unjudged or isinstance(self.motion, Elapsed)


def form_of(camera: CameraPicture | None) -> Form | None:
    """The form of NV12 that frames are to carry for a graph; None where it takes none."""
    return camera.form if camera and camera.form != "bgr" else None


def ask_for(source: Source, camera: CameraPicture | None) -> None:
    """Have the frames of a source carry what a graph takes; before it is iterated."""
    if form := form_of(camera):
        source.form = form


def own_picture(camera: CameraPicture, frame: Frame) -> NDArray[np.uint8]:
    """A frame as a graph takes it that makes it smaller itself.

    Raises:
        BadInput: The source gives no such pictures.
    """
    picture = frame.image if camera.form == "bgr" else frame.planes
    if picture is None:
        raise BadInput(
            f"the scene's graph takes pictures in {camera.form}, and this source gives none",
            "give a video file or a network camera, through PyAV, or export without --input",
        )
    if picture.shape != camera.shape:
        rows, columns = frame.image.shape[:2]
        raise BadInput(
            f"the frames are {columns}x{rows}, and the scene's graph takes {camera.width}x"
            f"{camera.height}",
            "give the camera's stream of that size, or export the scene with another --input",
        )
    return picture


def camera_input(images: NDArray[np.uint8], elapsed: Sequence[Elapsed]) -> CameraInput:
    """What a graph with motion inside takes for a batch.

    Args:
        images: uint8, (N, height, width, 3).
        elapsed: Of each of them.
    """
    cameras, steps, reset = zip(*elapsed, strict=True)
    return CameraInput(images, np.array(steps, np.float32), np.array(reset, np.bool_), cameras)


class FramePreparer:
    """Prepares the frames of one camera, one after the other.

    Args:
        card: Of the scene model.
        match: Tells whether pictures show the scene; None: that is taken for granted.

    Attributes:
        on_stage: Called after the stages `resize`, `flow` and `pooling`.
    """

    on_stage: StageHook = staticmethod(no_hook)

    def __init__(self, card: SceneCard, match: TamperDetector | None = None) -> None:
        self._resizer = FrameResizer(card.height, card.width, card.ignored)
        self._motion: Motion = (
            GraphMotion(card.motion_inside)
            if card.motion_inside
            else MotionExtractor(card.height, card.width, card.motion)
        )
        self._match, self._camera = match, card.camera
        self._was_seen = True

    @property
    def camera_state(self) -> CameraState:
        """What the camera is by its pictures of late: `LIVE`, `COVERED` or `MOVED`."""
        return self._match.state if self._match else CameraState.LIVE

    def prepare(self, frame: Frame, steps: float | None) -> PreparedFrame:
        """Prepare the next frame: `fit`, `measure`, `pool`.

        Args:
            frame: The frame.
            steps: Frame times of the scene since the one before; None where it follows no other.

        Raises:
            BadInput: The frame's shape is not that of the scene's camera.
        """
        if steps is None:
            self.reset()
        image = self.fit(frame)
        return self.pool(self.measure(frame, image, steps), self.state(frame, image))

    def reset(self) -> None:
        """After a gap nothing of before may count: empty the motion window."""
        self._motion.reset()
        if self._match:
            self._match.forget_present()

    def fit(self, frame: Frame) -> NDArray[np.uint8]:
        """The image in the size of the model, without the regions that the scene leaves out.

        Raises:
            BadInput: The frame's shape is not that of the scene's camera.
        """
        if self._camera:
            own_picture(self._camera, frame)  # what is wrong with it is told here
        image = self._resizer.resize(frame.image)
        self.on_stage("resize")
        return image

    def state(self, frame: Frame, image: NDArray[np.uint8]) -> CameraState:
        """Whether this very frame shows the scene: `LIVE`, `COVERED` or `MOVED`."""
        return self._match.update(image, frame.time_s) if self._match else CameraState.LIVE

    def measure(self, frame: Frame, image: NDArray[np.uint8], steps: float | None) -> MeasuredFrame:
        """Measure the flow of a resized frame from the one before."""
        return MeasuredFrame(frame, image, self._motion.measure(image, steps or 1.0))

    def pool(self, measured: MeasuredFrame, state: CameraState = CameraState.LIVE) -> PreparedFrame:
        """Pool a frame's motion with that of the frames before, and say whether it can be judged.

        Args:
            measured: The frame; by whatever its motion was measured.
            state: Whether it shows the scene.
        """
        self.on_stage("flow")
        measurement, is_seen = measured.measurement, state is CameraState.LIVE
        if not (is_seen and self._was_seen):  # of what came before the lens no motion may count
            measurement = FlowMeasurement(None, measurement.steps)
        motion = self._motion.pool(measurement)
        self.on_stage("pooling")
        unjudged = "" if self._motion.known else NO_MOTION
        if not is_seen:
            self._motion.reset()
            unjudged = str(state)
        self._was_seen = is_seen
        own = own_picture(self._camera, measured.frame) if self._camera else None
        return PreparedFrame(measured.frame, measured.image, motion, unjudged, own)
