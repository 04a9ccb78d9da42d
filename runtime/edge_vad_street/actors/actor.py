"""Who and what moves in the street: each knows where it is and how it looks at any moment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge_vad_street.actors.body import Look, dressed, gait, tumble
from edge_vad_street.actors.things import Luggage, luggage_outlines
from edge_vad_street.drawing.shapes import Board, Drawing, Shape
from edge_vad_street.drawing.view import View

TURN_S = 0.5
"""How long it takes to turn round."""

_WAITING_LEAN = 0.055

Points = NDArray[np.float64]
Interval = tuple[float, float]
"""From and until, s; what happens at the end itself no longer counts."""


@dataclass(frozen=True)
class Path:
    """Straight pieces of a way through the street.

    Attributes:
        keys: (time s, x m, y m), in the order of time; before and after them one stands still.
    """

    keys: tuple[tuple[float, float, float], ...]

    @cached_property
    def _columns(self) -> tuple[Points, Points, Points, Points]:
        """Times, x, y, and how far one has come, each (keys,)."""
        times, xs, ys = np.asarray(self.keys, dtype=np.float64).T
        return times, xs, ys, np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(xs), np.diff(ys)))])

    @cached_property
    def _turns(self) -> tuple[tuple[float, float], ...]:
        """When one turns, and by how much the facing changes."""
        times, xs, _, come = self._columns
        along, lengths = np.diff(xs), np.diff(come)
        moves = lengths > 0.0
        began, heading = times[:-1][moves], along[moves] / lengths[moves]
        changes = np.diff(heading, prepend=0.0)
        return tuple(zip(began.tolist(), changes.tolist(), strict=True))

    def at(self, time_s: float) -> tuple[float, float]:
        """Where one is, m."""
        times, xs, ys, _ = self._columns
        return float(np.interp(time_s, times, xs)), float(np.interp(time_s, times, ys))

    def walked(self, time_s: float) -> float:
        """How far one has come, m."""
        times, _, _, come = self._columns
        return float(np.interp(time_s, times, come))

    def speed(self, time_s: float) -> float:
        """How fast one goes, m/s, over the half second around."""
        return (self.walked(time_s + 0.25) - self.walked(time_s - 0.25)) / 0.5

    def facing(self, time_s: float) -> float:
        """1 when one goes to the right, -1 to the left, 0 across; turning takes `TURN_S`."""
        (_, first), *turns = self._turns
        shares = (min(1.0, max(0.0, (time_s - began) / TURN_S)) for began, _ in turns)
        return first + sum(share * change for share, (_, change) in zip(shares, turns, strict=True))

    @classmethod
    def straight(cls, start_s: float, start: float, end: float, y: float, speed: float) -> Path:
        """Go along the street from one x to another."""
        return cls(((start_s, start, y), (start_s + abs(end - start) / speed, end, y)))


@dataclass(frozen=True)
class Actor(ABC):
    """Something that is in the street for a while.

    Attributes:
        here: When it is there.
        odd: When it is an anomaly, or None for never.
    """

    here: Interval
    odd: Interval | None = field(default=None, kw_only=True)

    def is_here(self, time_s: float) -> bool:
        """Whether it is in the street."""
        return self.here[0] <= time_s < self.here[1]

    def is_odd(self, time_s: float) -> bool:
        """Whether it is an anomaly just then."""
        return self.odd is not None and self.odd[0] <= time_s < self.odd[1]

    @abstractmethod
    def draw(self, view: View, time_s: float) -> Drawing:
        """Show it as the camera sees it."""


@dataclass(frozen=True)
class Walker(Actor):
    """A person on foot.

    Attributes:
        look: Of the person.
        path: Where the person goes.
        stride: Phase of the gait at the beginning, rad.
        running: 0 for walking, 1 for running.
        stoops: When the person bends down, the middle of it, s.
        falls: From tripping until standing again, s.
        bag: What the person carries.
        carries: When the person carries it.
        waits: When the person hangs about and shifts their weight.
    """

    look: Look
    path: Path
    stride: float = 0.0
    running: float = 0.0
    stoops: float | None = None
    falls: Interval | None = None
    bag: Luggage | None = None
    carries: Interval = (-np.inf, np.inf)
    waits: Interval | None = None

    def draw(self, view: View, time_s: float) -> Drawing:
        """Show the person as the camera sees them."""
        x, y = self.path.at(time_s)
        board = Board(view, x, y, self.path.facing(time_s))
        speed = self.path.speed(time_s)
        reach = self.look.height_m * (0.8 + 0.55 * self.running)
        phase = self.stride + 2 * np.pi * self.path.walked(time_s) / reach
        vigour = min(1.1, speed / 1.2)
        pose = gait(self.look.height_m, phase, vigour, self.running, self._stoop(time_s))
        lying = self._lying(time_s)
        tilt = lying * np.pi / 2 + self._sway(time_s)
        if tilt != 0.0:
            pose = tumble(pose, tilt)
        outlines, colours = dressed(self.look, pose)
        shapes = [Shape(*pair) for pair in zip(board.seen(outlines), colours, strict=True)]
        if self.bag is not None and self.carries[0] <= time_s < self.carries[1]:
            grip = pose.hands[1]
            foot = (grip.real, max(0.0, grip.imag - self.bag.height_m - 0.05))
            shapes += luggage_outlines(self.bag, board, foot)
        drawing = board.drawing(shapes, self.look.texture, cloth=True)
        drawing.shadow = board.shadow(0.3 + 0.6 * lying, forward=0.85 * lying)
        return drawing

    def _stoop(self, time_s: float) -> float:
        if self.stoops is None:
            return 0.0
        return _eased(1.0 - abs(time_s - self.stoops) / 0.8)

    def _lying(self, time_s: float) -> float:
        """0 for standing, 1 for lying: a fall is quick, getting up is not."""
        if self.falls is None:
            return 0.0
        trip, stand = self.falls
        return min(_eased((time_s - trip) / 0.8), _eased((stand - time_s) / 1.6))

    def _sway(self, time_s: float) -> float:
        """How far somebody who waits leans, rad: from one leg to the other every two seconds."""
        if self.waits is None or not self.waits[0] <= time_s < self.waits[1]:
            return 0.0
        return _WAITING_LEAN * float(np.sin(np.pi * (time_s - self.waits[0]) / 2.1))


def _eased(share: float) -> float:
    within = min(1.0, max(0.0, share))
    return within * within * (3.0 - 2.0 * within)
