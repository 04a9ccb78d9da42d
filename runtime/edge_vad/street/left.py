"""What lies about or flies: luggage that was left, a ball, a bottle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_vad.street.actors import Actor
from edge_vad.street.shapes import Board, Colour, Drawing, Shadow, Shape, ellipse, shade
from edge_vad.street.things import Luggage, luggage_outlines
from edge_vad.street.view import View

_GRAVITY = 9.81


@dataclass(frozen=True)
class LeftLuggage(Actor):
    """Luggage that stands on the ground alone.

    Attributes:
        luggage: What it is.
        at: Where, m.
    """

    luggage: Luggage
    at: tuple[float, float]

    def draw(self, view: View, time_s: float) -> Drawing:  # noqa: ARG002 - it does not move
        """Show it as the camera sees it."""
        board = Board(view, *self.at)
        drawing = board.drawing(luggage_outlines(self.luggage, board, (0.0, 0.0)), 350, cloth=True)
        drawing.shadow = board.shadow(self.luggage.width_m * 0.7)
        return drawing


@dataclass(frozen=True)
class Flying(Actor):
    """A ball or bottle that was thrown: it flies, bounces and rolls on.

    Attributes:
        start: (x, y), m, where it comes into the picture.
        speed: Along the street, m/s, negative to the left.
        height_m: Where it is let go.
        rise: Its speed upwards then, m/s.
        radius_m: Of the ball, or half the length of the bottle.
        colour: Of it.
        bottle: Whether it is long and spins.
    """

    start: tuple[float, float]
    speed: float
    height_m: float
    rise: float
    radius_m: float
    colour: Colour
    bottle: bool = False

    def draw(self, view: View, time_s: float) -> Drawing:
        """Show it as the camera sees it, with its shadow on the ground below."""
        age = time_s - self.here[0]
        x, y = self.start[0] + self.speed * age, self.start[1]
        above = bounce(self.height_m, self.rise, age) + self.radius_m
        board = Board(view, x, y)
        turned = -np.sign(self.speed) * age * (9.0 if self.bottle else 6.0)
        radii = (self.radius_m, self.radius_m * (0.36 if self.bottle else 1.0))
        outline = board.seen(ellipse((0.0, above), radii, turned))
        half = board.seen(
            ellipse((0.0, above), (radii[0] * 0.95, radii[1] * 0.4), turned + np.pi / 4)
        )
        shapes = [Shape(outline, self.colour), Shape(half, shade(self.colour, 0.55))]
        drawing = board.drawing(shapes, texture=420)
        drawing.anchor = board.seen((0.0, above))
        wide = (0.6 * self.radius_m + 0.1) * board.scale
        drawing.shadow = Shadow(board.foot, (wide, 0.5 * wide), 0.5 / (1.0 + above))
        return drawing


def bounce(height_m: float, rise: float, age_s: float) -> float:
    """How high a thrown thing is above the ground, m, `age_s` after it was let go.

    Args:
        height_m: Where it is let go.
        rise: Its speed upwards then, m/s.
        age_s: Time since, s.
    """
    kept = 0.72
    landing = np.sqrt(rise**2 + 2 * _GRAVITY * height_m)
    flight = (rise + landing) / _GRAVITY
    if age_s < flight:
        return float(height_m + rise * age_s - _GRAVITY * age_s**2 / 2)
    age_s -= flight
    speed = landing * kept
    while speed > 0.6:
        flight = 2 * speed / _GRAVITY
        if age_s < flight:
            return float(speed * age_s - _GRAVITY * age_s**2 / 2)
        age_s -= flight
        speed *= kept
    return 0.0
