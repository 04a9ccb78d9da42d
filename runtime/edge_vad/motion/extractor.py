"""Motion: dense optical flow between two frames, pooled over a window of time.

Training and the runtime share this module, so that they cannot differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.flow_units import DenseFlow, is_of_a_unit, open_code
from edge_vad.motion.dynamic_flow import DynamicFlow, Pooling
from edge_vad.motion.flow_code import EPSILON, FLOW_CODE, refuse_other_code
from edge_vad.motion.pace import LONGEST_PAUSE
from edge_vad.opencv import cv2

if TYPE_CHECKING:
    from cv2 import DISOpticalFlow

LONGEST_WINDOW = 256
"""Flow fields that can be pooled."""

_SMALLEST_PATCH = 4

LONG_STEP = 1.5
"""Frame times from which on half as large patches are searched for."""


class MotionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What turns frames into the model's motion input; part of the scene model.

    The defaults are the setting with the best detection at a bearable cost; OpenCV's own fast
    presets lose up to eight points of frame-level AUC on UCSD Ped2.

    Attributes:
        finest_scale: DIS pyramid level at which the search ends (1 is half resolution).
        patch_size: DIS patch, px.
        patch_stride: Distance between DIS patches, px.
        iterations: Gradient descent iterations a patch.
        refinements: Variational refinement iterations; without them detection suffers most.
        downscale: Flow fields are averaged over blocks of this many px a side.
        window: Flow fields that are pooled (T).
        pooling: Mean, mean with mean speed, or linear rank pooling.
        smoothness: Weight of smoothness in the refinement. OpenCV's 20 ties small, fast objects to
            the background around them.
        gradients: Weight of constant gradients in the refinement.
        propagation: Whether patches also try the flow of their neighbours, one after the other.
            Without it every patch is searched for by itself, all at once: for graphs on a GPU.
        code: What measured the flow; here that is this machine's, unless a scene says otherwise.
    """

    finest_scale: Annotated[int, msgspec.Meta(ge=0, le=4)] = 1
    patch_size: Annotated[int, msgspec.Meta(ge=_SMALLEST_PATCH, le=16)] = 8
    patch_stride: Annotated[int, msgspec.Meta(ge=1, le=16)] = 5
    iterations: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    refinements: Annotated[int, msgspec.Meta(ge=0, le=20)] = 4
    downscale: Annotated[int, msgspec.Meta(ge=1, le=8)] = 2
    window: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_WINDOW)] = 5
    pooling: Pooling = Pooling.MEAN_AND_SPEED
    smoothness: Annotated[float, msgspec.Meta(gt=0, le=100)] = 5.0
    gradients: Annotated[float, msgspec.Meta(ge=0, le=100)] = 10.0
    propagation: bool = True
    code: str = msgspec.field(default_factory=lambda: FLOW_CODE)

    @property
    def channels(self) -> int:
        """Channels of the motion input."""
        return self.pooling.channels


class FlowExtractor:
    """Measures optical flow from one picture to the next; not for two threads at once.

    Args:
        height: Rows of the pictures.
        width: Columns of the pictures.
        settings: The scene model's motion settings.

    Attributes:
        shape: (2, height', width') of what `measure` gives.

    Raises:
        Unavailable: The scene's flow was measured by other code than there is here.
    """

    def __init__(self, height: int, width: int, settings: MotionSettings) -> None:
        self._flow, self._far_flow = _searches(height, width, settings)
        rows, columns = height // settings.downscale, width // settings.downscale
        self.shape = (2, rows, columns)
        self._small = np.zeros((rows, columns, 2), np.float32)
        self._crop = (rows * settings.downscale, columns * settings.downscale)

    def measure(
        self,
        previous: NDArray[np.uint8],
        current: NDArray[np.uint8],
        out: NDArray[np.float32],
        steps: float = 1.0,
    ) -> bool:
        """Measure the flow between two grey pictures and average it over blocks.

        Args:
            previous: uint8, (height, width).
            current: uint8, (height, width).
            out: float32, `shape`, written to: px between the pictures, to the right and down.
            steps: How many frame times of the scene lie between them.

        Returns:
            Whether the current picture is a new one; if not, nothing is written.
        """
        if np.array_equal(previous, current):
            return False
        search = self._flow if steps < LONG_STEP else self._far_flow
        flow = search.calc(previous, current, None)
        rows, columns = self._crop
        small = self._small
        size = small.shape[1::-1]
        cv2.resize(flow[:rows, :columns], size, dst=small, interpolation=cv2.INTER_AREA)
        cv2.split(small, list(out))  # planes are what the graph convolves
        return True


class FlowMeasurement(NamedTuple):
    """What one frame tells of motion, before pooling.

    Attributes:
        flow: float32, (2, height', width'), px since the frame before; None where there is none.
        steps: Frame times of the scene since the frame before.
        is_new: Whether the picture is another than the one before; if not, `flow` means nothing.
    """

    flow: NDArray[np.float32] | None
    steps: float = 1.0
    is_new: bool = True


class MotionExtractor:
    """Turns consecutive frames into the model's motion input.

    A picture that comes again, from a camera that hangs or a recording brought to a higher rate,
    tells nothing new: people who froze in the middle of a step are no anomaly. The motion input
    stays as it was, for a while, and the flow to the next new picture is divided by the time
    between. After a long pause of the camera motion is not known.

    Args:
        height: Rows of the frames.
        width: Columns of the frames.
        settings: The scene model's motion settings.

    Attributes:
        shape: (channels, height', width') of what `push` returns.
        known: Whether motion is known: from the second picture on, but not during a long pause and
            for the picture that ends it.
    """

    def __init__(self, height: int, width: int, settings: MotionSettings) -> None:
        self.known = False
        self._extractor = FlowExtractor(height, width, settings)
        rows, columns = self._extractor.shape[1:]
        self.shape = (settings.channels, rows, columns)
        self._motion = np.zeros(self.shape, np.float32)
        self._pool = DynamicFlow(rows, columns, settings.window, settings.pooling, self._motion)
        self._small = np.zeros(self._extractor.shape, np.float32)
        self._grey = [np.zeros((height, width), np.uint8) for _ in range(2)]
        self._frames = 0
        self._pause = 0.0
        self._hung = False

    def reset(self) -> None:
        """Forget everything seen so far."""
        self._pool.reset()
        self._frames = 0
        self._pause = 0.0
        self._hung = False
        self.known = False

    def push(self, image: NDArray[np.uint8], steps: float = 1.0) -> NDArray[np.float32]:
        """Take the next frame and return the motion input up to it: `measure`, then `pool`.

        Args:
            image: uint8, (height, width, 3), blue-green-red.
            steps: As for `measure`.

        Returns:
            float32, `shape`: pooled flow, px a frame, which is zero for the first frame, as it has
            no predecessor. The array is reused by the next call.
        """
        return self.pool(self.measure(image, steps))

    def measure(self, image: NDArray[np.uint8], steps: float = 1.0) -> FlowMeasurement:
        """Take the next frame and measure its flow from the one before.

        Args:
            image: uint8, (height, width, 3), blue-green-red.
            steps: How many frame times of the scene lie between the frame before and this one.

        Returns:
            What it tells. The arrays are reused by later calls.
        """
        previous, current = self._grey[(self._frames + 1) % 2], self._grey[self._frames % 2]
        cv2.cvtColor(image, cv2.COLOR_BGR2GRAY, dst=current)
        self._frames += 1
        if self._frames == 1:
            return FlowMeasurement(None, steps)
        is_new = self._extractor.measure(previous, current, self._small, steps)
        return FlowMeasurement(self._small, steps, is_new)

    def pool(self, measurement: FlowMeasurement) -> NDArray[np.float32]:
        """Pool what a frame tells with what those before it told; see `push`.

        Flow is divided by the time it took, for the model knows px a frame of its own rate,
        and counts for as many of its frames as that time holds: the window is one of time.
        """
        if not measurement.is_new:
            self._pause += measurement.steps
            self.known = self.known and self._pause <= LONGEST_PAUSE
            return self._motion
        hung, self._hung = self._hung, self._pause > LONGEST_PAUSE
        # Where every picture stands for long, that is the camera's rate.
        if self._hung and not hung:
            self._pool.reset()
            self.known = False
        elif measurement.flow is not None:
            steps = measurement.steps + self._pause
            if steps != 1.0:
                np.divide(measurement.flow, steps, out=measurement.flow)
            for _ in range(max(1, round(steps))):
                self._pool.push(measurement.flow)
            self.known = True
        self._pause = 0.0
        return self._motion


def for_long_steps(settings: MotionSettings) -> MotionSettings:
    """Settings from `LONG_STEP` on.

    Smaller patches: over twice the distance they still hold mostly the moving object.
    """
    return msgspec.structs.replace(
        settings,
        patch_size=max(_SMALLEST_PATCH, settings.patch_size // 2),
        patch_stride=max(1, settings.patch_stride // 2),
    )


def _searches(height: int, width: int, settings: MotionSettings) -> tuple[DenseFlow, DenseFlow]:
    """What measures flow, and what does from `LONG_STEP` on."""
    if is_of_a_unit(settings.code):
        unit = open_code(settings.code, height, width)
        return unit, unit
    refuse_other_code(settings.code)
    dis = _optical_flow(settings), _optical_flow(for_long_steps(settings))
    return cast("tuple[DenseFlow, DenseFlow]", dis)


def _optical_flow(settings: MotionSettings) -> DISOpticalFlow:
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(settings.finest_scale)
    flow.setPatchSize(settings.patch_size)
    flow.setPatchStride(settings.patch_stride)
    flow.setGradientDescentIterations(settings.iterations)
    flow.setVariationalRefinementIterations(settings.refinements)
    flow.setVariationalRefinementAlpha(settings.smoothness)
    flow.setVariationalRefinementGamma(settings.gradients)
    flow.setUseSpatialPropagation(settings.propagation)
    if hasattr(flow, "setVariationalRefinementEpsilon"):  # where not, it is this one
        flow.setVariationalRefinementEpsilon(EPSILON)
    return flow
