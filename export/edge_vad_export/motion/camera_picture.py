"""From a camera's own picture to a frame of the scene: colours, and fewer pixels by area."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge_vad.errors import WrongUse
from edge_vad.frame import CameraPicture
from edge_vad.preprocessing.regions import Regions, covered
from edge_vad.preprocessing.resize import is_alike
from edge_vad_export.motion.pyramid import AreaShrink

_UNIT = 2.0**-20
_BRIGHTNESS = 1220542 * _UNIT
_MATRICES = {
    "nv12-bt601": ((2116026, 0), (-409993, -852492), (0, 1673527)),
    "nv12-bt709": ((2215014, 0), (-223608, -558796), (0, 1879825)),
}
"""Shares of both colour differences in blue, green and red, in 2⁻²⁰: of limited range, BT.601 as
OpenCV rounds it, BT.709 as that standard has it."""


class Fitting(nn.Module):
    """Makes frames of a scene's size of a camera's own pictures, as the runtime does.

    `cv2.cvtColor` with `COLOR_YUV2BGR_NV12` where the picture is NV12, `cv2.resize` with
    `INTER_AREA`, and black over the regions that the scene leaves out.

    Args:
        camera: What comes in.
        height: Rows of the scene's frames.
        width: Columns of them.
        ignored: Regions that the scene leaves out.

    Raises:
        WrongUse: The camera's pictures are smaller than the scene's frames, or of another shape.
    """

    kept: Tensor

    def __init__(self, camera: CameraPicture, height: int, width: int, ignored: Regions) -> None:
        super().__init__()
        size, self.size = (camera.height, camera.width), (height, width)
        if size[0] < height or size[1] < width or not is_alike(size, self.size):
            raise WrongUse(
                f"pictures of {camera.width}x{camera.height} cannot be made smaller to the scene's "
                f"{width}x{height}",
                f"give --input a size of the same shape, such as {4 * width}x{4 * height}",
            )
        self.colours = None if camera.form == "bgr" else Colours(camera)
        self.shrink = AreaShrink(size, self.size)
        self.is_whole = not ignored
        if ignored:
            kept = torch.from_numpy(covered(ignored, height, width) == 0)
            self.register_buffer("kept", kept.to(torch.float32))

    def forward(self, frame: Tensor) -> Tensor:
        """Fit uint8 pictures, (N, *camera.shape), to frames of blue-green-red.

        Returns:
            float32, (N, height, width, 3), whole numbers from 0 to 255: TensorRT takes bytes as
            inputs and outputs alone, and computes nothing of them.
        """
        values = frame.to(torch.float32)
        colours = self.colours(values) if self.colours else values.permute(0, 3, 1, 2)
        fitted: Tensor = self.shrink(colours)
        if not self.is_whole:
            fitted = fitted * self.kept
        return self._in_the_batch_of(values, fitted).permute(0, 2, 3, 1)

    def _in_the_batch_of(self, values: Tensor, fitted: Tensor) -> Tensor:
        """The same, gathered by indices whose shape can be followed through the graph.

        Scene models are refused where that is not known of what the highest cells are taken from.
        """
        height, width = self.size
        corner = values[:, :height, :width]
        plane = corner[..., 0] if corner.ndim == 4 else corner
        nothing = (plane < 0).to(torch.int64).unsqueeze(1)
        columns = torch.arange(width).expand(3, height, width)
        return torch.gather(fitted, 3, nothing + columns)


class Colours(nn.Module):
    """From NV12 of limited range to blue-green-red, in whole numbers; colour is not interpolated.

    Args:
        camera: What comes in.
    """

    shares: Tensor

    def __init__(self, camera: CameraPicture) -> None:
        super().__init__()
        self.height, self.width = camera.height, camera.width
        shares = torch.tensor(_MATRICES[camera.form], dtype=torch.float64) * _UNIT
        self.register_buffer("shares", shares.to(torch.float32))

    def forward(self, pixels: Tensor) -> Tensor:
        """Convert float32, (N, height * 3 / 2, width), to float32, (N, 3, height, width)."""
        height, width = self.height, self.width
        bright = (pixels[:, :height] - 16).clamp(min=0) * _BRIGHTNESS
        pairs = pixels[:, height:].reshape(-1, height // 2, width // 2, 2) - 128
        differences = (pairs @ self.shares.T).permute(0, 3, 1, 2)[:, :, :, None, :, None]
        spread = differences.expand(-1, -1, -1, 2, -1, 2).reshape(-1, 3, height, width)
        return torch.floor(bright.unsqueeze(1) + spread + 0.5).clamp(0, 255)
