"""Motion: dense optical flow between two frames, pooled over a window of time.

Training and the runtime share this module, so that they cannot differ.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.opencv import cv2
from edge_vad.recent import RecentPicture

if TYPE_CHECKING:
    from cv2 import DISOpticalFlow

UNITS_PER_PIXEL = 256
"""Flow is summed in whole 256ths of a pixel: integers leave no rounding error after weeks."""

LONGEST_PAUSE = 15
"""Frame times for which a picture may stand still until nothing can be said of motion."""

LARGEST_FLOW_PX = np.iinfo(np.int16).max / UNITS_PER_PIXEL


class Pooling(str, Enum):
    """How a window of flow fields becomes one dynamic flow image."""

    MEAN = "mean"
    MEAN_AND_RANK = "mean+rank"

    @property
    def channels(self) -> int:
        """Channels of the pooled image: two a pooling."""
        return 2 if self is Pooling.MEAN else 4


class MotionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What turns frames into the model's motion input; part of the scene model.

    The defaults are the setting with the best detection at a bearable cost; OpenCV's own fast
    presets lose up to eight points of frame-level AUC on UCSD Ped2. The window is short, for what
    is fast and small leaves a place within a few frames and a long mean smears it out.

    Attributes:
        finest_scale: DIS pyramid level at which the search ends (1 is half resolution).
        patch_size: DIS patch, px.
        patch_stride: Distance between DIS patches, px.
        iterations: Gradient descent iterations a patch.
        refinements: Variational refinement iterations; without them detection suffers most.
        downscale: Flow fields are averaged over blocks of this many px a side.
        window: Flow fields that are pooled (T).
        pooling: Mean, or mean and linear rank pooling side by side.
        memory: Time constant of the recent picture, frames; 0 for none.
        smoothness: Weight of smoothness in the refinement. OpenCV's 20 smooths small things away
            that are fast.
        gradients: Weight of constant gradients in the refinement.
    """

    finest_scale: Annotated[int, msgspec.Meta(ge=0, le=4)] = 1
    patch_size: Annotated[int, msgspec.Meta(ge=4, le=16)] = 8
    patch_stride: Annotated[int, msgspec.Meta(ge=1, le=16)] = 5
    iterations: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    refinements: Annotated[int, msgspec.Meta(ge=0, le=20)] = 4
    downscale: Annotated[int, msgspec.Meta(ge=1, le=8)] = 2
    window: Annotated[int, msgspec.Meta(ge=1, le=256)] = 2
    pooling: Pooling = Pooling.MEAN
    memory: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 30
    smoothness: Annotated[float, msgspec.Meta(gt=0, le=100)] = 3.0
    gradients: Annotated[float, msgspec.Meta(ge=0, le=100)] = 20.0

    @property
    def channels(self) -> int:
        """Channels of the motion input: pooled flow, then the recent picture and its weight."""
        return self.pooling.channels + (2 if self.memory else 0)


class DynamicFlow:
    """Pools the last T flow fields into one image, at a cost that does not depend on T.

    The mean is a running sum. Linear rank pooling (Bilen et al. 2016; Wang et al. 1701.03246)
    weighs field t of T with `2t - T - 1`; when a field enters and the oldest leaves, every other
    weight falls by two, so the weighted sum follows from itself and the plain sum. Both are exact:
    the sums are integers. While fewer than T fields have come, those there are count as the window.

    Args:
        height: Rows of a flow field.
        width: Columns of a flow field.
        window: T, the number of fields pooled.
        pooling: Which poolings stand side by side in the result.
        out: float32, (height, width, channels), where the result is written; made when None.

    Example:
        >>> pool = DynamicFlow(2, 3, window=2, pooling=Pooling.MEAN)
        >>> _ = pool.push(np.full((2, 3, 2), 1.0, np.float32))
        >>> float(pool.push(np.full((2, 3, 2), 2.0, np.float32))[0, 0, 0])
        1.5
    """

    def __init__(
        self,
        height: int,
        width: int,
        window: int,
        pooling: Pooling,
        out: NDArray[np.float32] | None = None,
    ) -> None:
        self._window = window
        self._pooling = pooling
        self._fields = np.zeros((window, height, width, 2), np.int16)
        self._sum = np.zeros((height, width, 2), np.int32)
        self._ranked = np.zeros((height, width, 2), np.int32)
        self._scratch = np.zeros((height, width, 2), np.int32)
        self._units = np.zeros((height, width, 2), np.float32)
        self._pooled = (
            np.zeros((height, width, pooling.channels), np.float32) if out is None else out
        )
        self._filled = 0
        self._oldest = 0

    def reset(self) -> None:
        """Forget every field: after a gap in the footage nothing of before it may count."""
        self._fields.fill(0)
        self._sum.fill(0)
        self._ranked.fill(0)
        self._pooled.fill(0)
        self._filled = 0
        self._oldest = 0

    def push(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add the newest flow field and return the pooled image.

        Args:
            field: float32, (height, width, 2), px a frame, right and down positive.

        Returns:
            float32, (height, width, channels), px a frame: the mean, and with rank pooling the
            weighted sum divided by the sum of the weights' magnitudes. The array is reused by the
            next call.
        """
        np.multiply(field, UNITS_PER_PIXEL, out=self._units)
        np.rint(self._units, out=self._units)
        limits = np.iinfo(np.int16)
        np.clip(self._units, limits.min, limits.max, out=self._units)

        slot = self._fields[self._oldest]
        if self._pooling is Pooling.MEAN_AND_RANK:
            self._push_ranked(slot)
        self._sum -= slot
        np.copyto(slot, self._units, casting="unsafe")
        self._sum += slot

        self._oldest = (self._oldest + 1) % self._window
        self._filled = min(self._filled + 1, self._window)
        return self._write_pooled()

    def _push_ranked(self, oldest: NDArray[np.int16]) -> None:
        """Bring the ranked sum up to date; `oldest` and the plain sum are still of before."""
        newest = self._scratch
        np.copyto(newest, self._units, casting="unsafe")
        if self._filled < self._window:
            # n fields become n + 1: all weights fall by one, the newest weighs n.
            self._ranked -= self._sum
            newest *= self._filled
            self._ranked += newest
            return
        # R' = R + (T - 1) oldest + (T + 1) newest - 2 S'   with   S' = S - oldest + newest
        newest *= self._window - 1
        self._ranked += newest
        np.multiply(oldest, self._window + 1, out=newest, dtype=np.int32)
        self._ranked += newest
        np.multiply(self._sum, 2, out=newest)
        self._ranked -= newest

    def _write_pooled(self) -> NDArray[np.float32]:
        count = self._filled
        np.multiply(self._sum, 1.0 / (UNITS_PER_PIXEL * count), out=self._pooled[..., :2])
        if self._pooling is Pooling.MEAN_AND_RANK:
            weight = max(rank_weights(count)[1], 1)
            np.multiply(self._ranked, 1.0 / (UNITS_PER_PIXEL * weight), out=self._pooled[..., 2:])
        return self._pooled


def rank_weights(count: int) -> tuple[NDArray[np.int64], int]:
    """Weights of linear rank pooling, `2t - T - 1` for t = 1..T, and the sum of their magnitudes.

    Example:
        >>> rank_weights(3)
        (array([-2,  0,  2]), 4)
    """
    weights = 2 * np.arange(1, count + 1, dtype=np.int64) - count - 1
    return weights, count * count // 2


class FlowMeter:
    """Measures how much moved from one picture to the next; not for two threads at once.

    Args:
        height: Rows of the pictures.
        width: Columns of the pictures.
        settings: The scene model's motion settings.

    Attributes:
        shape: (height', width', 2) of what `measure` gives.
    """

    def __init__(self, height: int, width: int, settings: MotionSettings) -> None:
        self._flow = _optical_flow(settings)
        rows, columns = height // settings.downscale, width // settings.downscale
        self.shape = (rows, columns, 2)
        self._crop = (rows * settings.downscale, columns * settings.downscale)

    def measure(
        self, previous: NDArray[np.uint8], current: NDArray[np.uint8], out: NDArray[np.float32]
    ) -> bool:
        """Measure the flow between two grey pictures and average it over blocks.

        Args:
            previous: uint8, (height, width).
            current: uint8, (height, width).
            out: float32, `shape`, written to: px a frame.

        Returns:
            Whether the current picture is a new one; if not, nothing is written.
        """
        if np.array_equal(previous, current):
            return False
        flow = self._flow.calc(previous, current, None)  # type: ignore[call-overload]
        rows, columns = self._crop
        size = out.shape[1::-1]
        cv2.resize(flow[:rows, :columns], size, dst=out, interpolation=cv2.INTER_AREA)
        return True


class Moved(NamedTuple):
    """What one frame tells of motion, before pooling.

    Attributes:
        flow: float32, (height', width', 2), px since the frame before; None where there is none.
        grey: uint8, (height, width), the frame.
        steps: Frame times of the scene since the frame before.
        is_new: Whether the picture is another than the one before; if not, `flow` means nothing.
    """

    flow: NDArray[np.float32] | None
    grey: NDArray[np.uint8]
    steps: float = 1.0
    is_new: bool = True


class MotionExtractor:
    """Turns consecutive frames into the model's motion input.

    A picture that comes again, from a camera that hangs or a recording brought to a higher rate,
    tells nothing new: people who froze in the middle of a step are no anomaly. The motion input
    stays as it was, for a while, and what moved until the next new picture is divided by the time.
    Where a camera goes on that hung for long, what moved meanwhile is not known.

    Args:
        height: Rows of the frames.
        width: Columns of the frames.
        settings: The scene model's motion settings.

    Attributes:
        shape: (height', width', channels) of what `push` returns.
        known: Whether motion is known: from the second picture on, but not during a long pause and
            for the picture that ends it.
    """

    def __init__(self, height: int, width: int, settings: MotionSettings) -> None:
        self.known = False
        self._meter = FlowMeter(height, width, settings)
        rows, columns = self._meter.shape[:2]
        self.shape = (rows, columns, settings.channels)
        self._motion = np.zeros(self.shape, np.float32)
        flow, recent = np.split(self._motion, [settings.pooling.channels], axis=2)
        self._pool = DynamicFlow(rows, columns, settings.window, settings.pooling, flow)
        self._recent = RecentPicture(settings.memory, recent) if settings.memory else None
        self._small = np.zeros(self._meter.shape, np.float32)
        self._grey = [np.zeros((height, width), np.uint8) for _ in range(2)]
        self._frames = 0
        self._pause = 0.0
        self._hung = False

    def reset(self) -> None:
        """Forget everything seen so far."""
        self._pool.reset()
        if self._recent:
            self._recent.reset()
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
            no predecessor; then what `RecentPicture` tells. The array is reused by the next call.
        """
        return self.pool(self.measure(image, steps))

    def measure(self, image: NDArray[np.uint8], steps: float = 1.0) -> Moved:
        """Take the next frame and measure how it moved since the one before.

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
            return Moved(None, current, steps)
        is_new = self._meter.measure(previous, current, self._small)
        return Moved(self._small, current, steps, is_new)

    def pool(self, moved: Moved) -> NDArray[np.float32]:
        """Pool what a frame tells with what those before it told; see `push`.

        What moved is divided by the time it took, for the model knows px a frame of its own rate.
        """
        if not moved.is_new:
            self._pause += moved.steps
            self.known = self.known and self._pause <= LONGEST_PAUSE
            return self._motion
        hung, self._hung = self._hung, self._pause > LONGEST_PAUSE
        # Where every picture stands for long, that is the camera's rate.
        if self._hung and not hung:
            self._pool.reset()
            self.known = False
        elif moved.flow is not None:
            steps = moved.steps + self._pause
            if steps != 1.0:
                np.divide(moved.flow, steps, out=moved.flow)
            self._pool.push(moved.flow)
            self.known = True
        if self._recent:  # which must not forget everything else for one picture after a pause
            self._recent.push(moved.grey, moved.steps)
        self._pause = 0.0
        return self._motion


def _optical_flow(settings: MotionSettings) -> DISOpticalFlow:
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(settings.finest_scale)
    flow.setPatchSize(settings.patch_size)
    flow.setPatchStride(settings.patch_stride)
    flow.setGradientDescentIterations(settings.iterations)
    flow.setVariationalRefinementIterations(settings.refinements)
    flow.setVariationalRefinementAlpha(settings.smoothness)
    flow.setVariationalRefinementGamma(settings.gradients)
    return flow
