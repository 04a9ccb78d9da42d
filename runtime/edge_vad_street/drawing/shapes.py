"""Outlines of things: what the painter fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_vad_street.drawing.view import View

Points = NDArray[np.float64]
Colour = tuple[float, float, float]
"""Blue, green, red, 0 to 255."""


class Shape(NamedTuple):
    """One outline in the picture.

    Attributes:
        points: (n, 2), px.
        colour: What it is filled or drawn with.
        stroke_px: Width of the line along the outline, or 0 to fill it.
    """

    points: Points
    colour: Colour
    stroke_px: float = 0.0


class Shadow(NamedTuple):
    """A soft dark spot on the ground.

    Attributes:
        centre: (2,), px.
        radii: Across and down, px.
        strength: How much light it takes in its middle, 0 to 1.
    """

    centre: Points
    radii: tuple[float, float]
    strength: float


@dataclass(slots=True)
class Drawing:
    """How a thing looks at one moment.

    Attributes:
        depth_m: Distance from the camera; what is nearer hides what is farther.
        anchor: (2,), px: the point that the thing's texture clings to.
        shapes: From back to front.
        shadow: On the ground below it.
        texture: Which part of the grain it wears.
        cloth: Whether it is of rough stuff such as cloth or leaves, not painted and smooth.
        sways: Whether wind can move it.
    """

    depth_m: float
    anchor: Points
    shapes: list[Shape] = field(default_factory=list)
    shadow: Shadow | None = None
    texture: int = 0
    cloth: bool = False
    sways: bool = False


class Board:
    """An upright board on the ground along the street, on which flat things are drawn.

    Args:
        view: Who looks.
        x: Where the board's foot stands, m along the street.
        y: The same, m across the street.
        facing: 1 to the right, -1 to the left; between, the board turns and looks narrower.
    """

    def __init__(self, view: View, x: float, y: float, facing: float = 1.0) -> None:
        foot, beside, above = view.project([(x, y, 0.0), (x + 1.0, y, 0.0), (x, y, 1.0)])
        narrowest = 0.45
        turned = float(np.copysign(max(abs(facing), narrowest), facing))
        self.foot = foot
        self.scale = view.scale(x, y)
        self.depth_m = view.depth(x, y)
        self._to_pixels = np.stack([(beside - foot) * turned, above - foot])

    def seen(self, points: ArrayLike) -> Points:
        """Turn board coordinates (..., 2), m forward and up, into px."""
        pixels: Points = np.asarray(points, dtype=np.float64) @ self._to_pixels + self.foot
        return pixels

    def drawing(self, shapes: list[Shape], texture: int = 0, cloth: bool = False) -> Drawing:
        """Put shapes that are already in px on this board."""
        return Drawing(self.depth_m, self.foot, shapes, texture=texture, cloth=cloth)

    def shadow(self, half_length: float, strength: float = 0.45, forward: float = 0.0) -> Shadow:
        """The soft spot below something that is twice `half_length` m long."""
        radii = (half_length * self.scale, (0.1 + 0.12 * half_length) * self.scale)
        return Shadow(self.seen((forward, 0.0)), radii, strength)


_HALF = np.exp(1j * np.linspace(-np.pi / 2, np.pi / 2, 7))
_HALF_CIRCLES = np.concatenate([_HALF, -_HALF])
_WHICH_END = np.repeat([1, 0], 7)
_FULL = np.linspace(0, 2 * np.pi, 20, endpoint=False)


def capsules(bones: Sequence[tuple[complex, complex]], radii: ArrayLike) -> Points:
    """Outline limbs: tapered bars with round ends.

    Args:
        bones: k starts and ends, complex: m forward + i m up.
        radii: (k, 2), m: at the start and at the end.

    Returns:
        (k, 14, 2), m.
    """
    ends = np.asarray(bones, dtype=np.complex128)
    reach = ends[:, 1] - ends[:, 0]
    length = np.abs(reach)
    along = np.where(length > 0.0, reach, 1.0) / np.where(length > 0.0, length, 1.0)
    arms = np.asarray(radii, dtype=np.float64) * along[:, None]
    outlines = ends[:, _WHICH_END] + arms[:, _WHICH_END] * _HALF_CIRCLES
    return np.stack([outlines.real, outlines.imag], axis=-1)


def ellipse(centre: Sequence[float], radii: tuple[float, float], turned: float = 0.0) -> Points:
    """Outline an ellipse, (20, 2); `turned` in rad."""
    flat = np.stack([radii[0] * np.cos(_FULL), radii[1] * np.sin(_FULL)], axis=1)
    cosine, sine = np.cos(turned), np.sin(turned)
    points: Points = flat @ np.array([[cosine, sine], [-sine, cosine]]) + np.asarray(centre)
    return points


def shade(colour: Colour, factor: float) -> Colour:
    """Make a colour lighter (factor above 1) or darker."""
    blue, green, red = (min(255.0, part * factor) for part in colour)
    return blue, green, red


def faded(colour: Colour, share: float) -> Colour:
    """Mix a colour with its own grey: 0 leaves it, 1 takes all colour away."""
    blue, green, red = colour
    grey = 0.11 * blue + 0.59 * green + 0.3 * red
    blue, green, red = (part + share * (grey - part) for part in colour)
    return blue, green, red
