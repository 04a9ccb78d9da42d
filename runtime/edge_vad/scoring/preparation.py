"""From a camera's frame to what the graph takes: the one way of recordings and cameras."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends import ModelInput, StageHook, no_hook
from edge_vad.camera_state import CameraState
from edge_vad.detection import NO_MOTION
from edge_vad.frame import Frame
from edge_vad.motion.extractor import FlowMeasurement, MotionExtractor
from edge_vad.preprocessing.resize import FrameResizer
from edge_vad.scene_model import SceneCard
from edge_vad.scoring.tamper_detector import TamperDetector


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
        motion: float32, the pooled motion up to it; used again by later frames.
        unjudged: Why nothing can be said of it; empty where it is to be scored.
    """

    frame: Frame
    image: NDArray[np.uint8]
    motion: NDArray[np.float32]
    unjudged: str = ""

    @property
    def inputs(self) -> ModelInput:
        """What the graph takes, for this one frame."""
        return ModelInput(self.image[None], self.motion[None])


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
        self._motion = MotionExtractor(card.height, card.width, card.motion)
        self._match = match

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
        image = self._resizer.resize(frame.image)
        self.on_stage("resize")
        return image

    def state(self, frame: Frame, image: NDArray[np.uint8]) -> CameraState:
        """Whether the frame shows the scene: `LIVE`, `COVERED` or `MOVED`."""
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
        motion = self._motion.pool(measured.measurement)
        self.on_stage("pooling")
        unjudged = "" if self._motion.known else NO_MOTION
        if state is not CameraState.LIVE:
            unjudged = str(state)
        return PreparedFrame(measured.frame, measured.image, motion, unjudged)
