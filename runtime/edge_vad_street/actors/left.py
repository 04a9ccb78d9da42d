"""What lies about or flies: luggage that was left, a sack that was thrown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_vad_street.actors.actor import Actor
from edge_vad_street.actors.things import Luggage, luggage_outlines, sack_outlines
from edge_vad_street.drawing.shapes import Board, Drawing, Shadow
from edge_vad_street.drawing.view import View

_GRAVITY = 9.81
_KEPT = 0.28
_SLIDE, _SLIDE_S = 0.25, 0.25


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
class Thrown(Actor):
    """A sack that was thrown: it flies, hops once or twice, slides a little and lies.

    Attributes:
        sack: What it is.
        start: (x, y), m, where it comes into the picture.
        landing: (x, y), m, where it first touches the ground.
        height_m: Where it is let go.
        rise: Its speed upwards then, m/s.
    """

    sack: Luggage
    start: tuple[float, float]
    landing: tuple[float, float]
    height_m: float
    rise: float

    @property
    def flight_s(self) -> float:
        """How long it flies before it first touches the ground."""
        return flight_time(self.height_m, self.rise)

    @property
    def rest(self) -> tuple[float, float]:
        """Where it lies at last, m."""
        return self._at(np.inf)

    def draw(self, view: View, time_s: float) -> Drawing:
        """Show it as the camera sees it, with its shadow on the ground below."""
        age = time_s - self.here[0]
        board = Board(view, *self._at(age))
        above = bounce(self.height_m, self.rise, age)
        turned = np.sign(self.start[0] - self.landing[0]) * 2 * np.pi
        turned *= min(1.0, age / self.flight_s)
        shapes = sack_outlines(self.sack, board, (0.0, above), float(turned))
        drawing = board.drawing(shapes, texture=420, cloth=True)
        drawing.anchor = board.seen((0.0, above))
        wide = 0.6 * self.sack.width_m * board.scale
        drawing.shadow = Shadow(board.foot, (wide, 0.4 * wide), 0.5 / (1.0 + above))
        return drawing

    def _at(self, age_s: float) -> tuple[float, float]:
        """Where on the ground, or above it, it is."""
        share = min(1.0, age_s / self.flight_s)
        slid_s = max(0.0, age_s - self.flight_s)
        share += _SLIDE_S / self.flight_s * _SLIDE * (1.0 - float(np.exp(-slid_s / _SLIDE_S)))
        (x, y), (to_x, to_y) = self.start, self.landing
        return x + share * (to_x - x), y + share * (to_y - y)


def flight_time(height_m: float, rise: float) -> float:
    """How long a thing flies that is let go `height_m` above the ground with `rise` m/s, s."""
    return float(rise + np.sqrt(rise**2 + 2 * _GRAVITY * height_m)) / _GRAVITY


def bounce(height_m: float, rise: float, age_s: float) -> float:
    """How high a thrown thing is above the ground, m, `age_s` after it was let go.

    Args:
        height_m: Where it is let go.
        rise: Its speed upwards then, m/s.
        age_s: Time since, s.
    """
    flight = flight_time(height_m, rise)
    if age_s < flight:
        return float(height_m + rise * age_s - _GRAVITY * age_s**2 / 2)
    age_s -= flight
    speed = _KEPT * (_GRAVITY * flight - rise)
    while speed > 0.6:
        flight = 2 * speed / _GRAVITY
        if age_s < flight:
            return float(speed * age_s - _GRAVITY * age_s**2 / 2)
        age_s -= flight
        speed *= _KEPT
    return 0.0
