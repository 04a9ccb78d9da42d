"""Where the camera stands, and where in its picture a point of the street is seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """A pinhole camera over the street.

    The street's x runs along it to the right, y away from the camera across it, z up, in metres;
    the camera is above the origin.

    Attributes:
        width: Of the picture, px.
        height: Of the picture, px.
        focal_px: Focal length, px.
        above_m: How high the camera hangs, m.
        pitch: How far it looks down from the horizontal, rad.
        yaw: How far it is turned to the right of the street's y, rad.
    """

    width: int
    height: int
    focal_px: float
    above_m: float
    pitch: float
    yaw: float

    @cached_property
    def axes(self) -> Points:
        """Right, down and forward of the camera as rows, (3, 3)."""
        right = np.array([np.cos(self.yaw), -np.sin(self.yaw), 0.0])
        forward = np.array(
            [
                np.sin(self.yaw) * np.cos(self.pitch),
                np.cos(self.yaw) * np.cos(self.pitch),
                -np.sin(self.pitch),
            ]
        )
        return np.stack([right, np.cross(forward, right), forward])

    @cached_property
    def centre(self) -> Points:
        """The principal point in pixel-centre coordinates, (2,)."""
        return np.array([(self.width - 1) / 2, (self.height - 1) / 2])

    def project(self, points: ArrayLike) -> Points:
        """Show points of the street in the picture.

        Args:
            points: (..., 3), m.

        Returns:
            (..., 2), px from the centre of the first pixel.
        """
        seen = (np.asarray(points, dtype=np.float64) - (0.0, 0.0, self.above_m)) @ self.axes.T
        pixels: Points = seen[..., :2] * (self.focal_px / seen[..., 2:]) + self.centre
        return pixels

    def depth(self, x: float, y: float) -> float:
        """Distance of a point on the ground along the optical axis, m."""
        return float(self.axes[2] @ (x, y, -self.above_m))

    def scale(self, x: float, y: float) -> float:
        """How large a metre is seen at a point on the ground, px/m."""
        return self.focal_px / self.depth(x, y)

    def span(self, y: float) -> tuple[float, float]:
        """Where the ground line at `y` enters and leaves the picture, m along the street."""
        right, _, forward = self.axes
        edges = []
        for pixel in (-0.5, self.width - 0.5):
            tangent = (pixel - self.centre[0]) / self.focal_px
            towards = right - tangent * forward
            edges.append(float((towards[2] * self.above_m - towards[1] * y) / towards[0]))
        return edges[0], edges[1]

    def rays(self, finer: int) -> Points:
        """Directions through every point of a grid `finer` times as fine as the pixels.

        Returns:
            (height * finer, width * finer, 3), in street axes, not normalised.
        """
        columns = (np.arange(self.width * finer) + 0.5) / finer - 0.5
        rows = (np.arange(self.height * finer) + 0.5) / finer - 0.5
        across = (columns - self.centre[0]) / self.focal_px
        down = (rows - self.centre[1]) / self.focal_px
        right_axis, down_axis, forward_axis = self.axes
        rays: Points = (
            across[None, :, None] * right_axis + down[:, None, None] * down_axis + forward_axis
        )
        return rays
