"""A scene with its motion inside: from a camera's picture to map and score."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad.motion.extractor import LONG_STEP, MotionSettings
from edge_vad_export.motion.camera_picture import Fitting
from edge_vad_export.motion.dis import DisFlow
from edge_vad_export.motion.window import MotionWindow
from edge_vad_train.model.scene_network import SceneNetwork

_LUMA = (3735.0, 19235.0, 9798.0)
_LUMA_SUM = 2.0**15
"""Shares of blue, green and red in grey, as OpenCV's whole numbers have them."""


class MotionMeter(nn.Module):
    """Measures the motion of cameras, a frame of each at a time: `MotionExtractor` as tensors.

    Args:
        height: Rows of the frames.
        width: Columns of the frames.
        settings: Of the scene's motion.
        long_steps: Whether frames may be further apart than `LONG_STEP`, for which flow is
            measured a second time, with smaller patches.

    Raises:
        WrongUse: The frames are too small.
    """

    luma: Tensor

    def __init__(
        self, height: int, width: int, settings: MotionSettings, *, long_steps: bool = True
    ) -> None:
        super().__init__()
        self.downscale = settings.downscale
        self.flow = DisFlow(height, width, settings, long_steps=long_steps)
        self.long_steps = long_steps
        self.window = MotionWindow(settings)
        self.register_buffer("luma", torch.tensor(_LUMA))

    def forward(
        self,
        frame: Tensor,
        elapsed: Tensor,
        reset: Tensor,
        last_grey: Tensor,
        last_window: Tensor,
        last_clock: Tensor,
    ) -> tuple[Tensor, ...]:
        """Take the next frame of each camera.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.
            elapsed: float32, (N,), frame times of the scene since the camera's last frame.
            reset: bool, (N,), whether what was before is to be forgotten.
            last_grey: uint8, (N, height, width), see `state_tensors`.
            last_window: float32, (N, T, channels, h, w).
            last_clock: float32, (N, 4 + T).

        Returns:
            The motion input, (N, channels, h, w); whether it is known, bool, (N,); flow since the
            frame before, (N, 2, h, w), px; and the next state, like the last one.
        """
        grey = self._grey(frame)
        before = last_grey.to(torch.float32).unsqueeze(1)
        clock = self.window.begin(last_clock, reset)
        elapsed = elapsed.unsqueeze(1)
        differs = ((grey - before).abs().amax((2, 3)) > 0).to(torch.float32)
        is_new = torch.maximum(differs, 1 - clock.seen)
        is_far = (elapsed >= LONG_STEP)[..., None, None] if self.long_steps else None
        flow = F.avg_pool2d(self.flow(before, grey, is_far), self.downscale)
        window, clock = self.window.push(last_window, clock, flow, elapsed, is_new)
        motion = _in_the_shape_of(last_window[:, 0], self.window.pool(window, clock.counts))
        known = clock.known[:, 0] > 0
        return motion, known, flow, grey[:, 0].to(torch.uint8), window, torch.cat(clock, 1)

    def _grey(self, frame: Tensor) -> Tensor:
        """As `cv2.cvtColor` has it, float32, (N, 1, height, width), 0 to 255 in whole numbers."""
        total = (frame.to(torch.float32) * self.luma).sum(3) + _LUMA_SUM / 2
        return torch.floor(total * (1 / _LUMA_SUM)).unsqueeze(1)


def _in_the_shape_of(known: Tensor, values: Tensor) -> Tensor:
    """The same values, gathered by indices whose shape can be followed through the graph.

    Scene models are refused where that is not known of what the highest cells are taken from, and
    through a `Scan` it is not.
    """
    nothing = (known > torch.inf).to(torch.int64)
    return torch.gather(values, 3, nothing + torch.arange(values.shape[3]))


class MotionInGraph(nn.Module):
    """A scene's network that measures motion itself.

    Args:
        meter: Measures it.
        network: From a frame and its motion to map and score.
    """

    def __init__(self, meter: MotionMeter, network: SceneNetwork) -> None:
        super().__init__()
        self.meter, self.network = meter, network

    def forward(
        self,
        frame: Tensor,
        elapsed: Tensor,
        reset: Tensor,
        last_grey: Tensor,
        last_window: Tensor,
        last_clock: Tensor,
    ) -> tuple[Tensor, ...]:
        """Take the next frame of each camera; see `MotionMeter`.

        Returns:
            Map, score and energies as the network has them; whether motion is known, flow and the
            next state as the meter has them.
        """
        motion, *measured = self.meter(frame, elapsed, reset, last_grey, last_window, last_clock)
        return *self.network(frame, motion), *measured


class PictureInGraph(nn.Module):
    """The same that takes a camera's own pictures.

    Args:
        fitting: Makes frames of the scene's size of them.
        rest: From such a frame on.
    """

    def __init__(self, fitting: Fitting, rest: MotionInGraph) -> None:
        super().__init__()
        self.fitting, self.rest = fitting, rest

    def forward(
        self,
        frame: Tensor,
        elapsed: Tensor,
        reset: Tensor,
        last_grey: Tensor,
        last_window: Tensor,
        last_clock: Tensor,
    ) -> tuple[Tensor, ...]:
        """Take the next picture of each camera; see `Fitting` and `MotionInGraph`.

        Returns:
            The frame of the scene's size, uint8, and what `MotionInGraph` gives.
        """
        fitted = self.fitting(frame)
        given = self.rest(fitted, elapsed, reset, last_grey, last_window, last_clock)
        return fitted.to(torch.uint8), *given
