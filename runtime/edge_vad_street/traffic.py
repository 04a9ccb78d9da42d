"""Ordinary life: who comes along, when, and how fast."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from edge_vad_street.actors.actor import Actor, Interval, Path, Walker
from edge_vad_street.actors.body import Look
from edge_vad_street.drawing.view import View
from edge_vad_street.layout import Lane, Layout

_BLOCK_S = 4.0
_LONGEST_WALK_S = 48.0
_BLOCKS_BEFORE_THE_START = 64
"""Arrivals are drawn a block of time at a time; the seeds of the blocks are not negative."""

MARGIN_M = 0.9
"""How far outside the picture people begin and end their way."""


class Traffic:
    """People who walk along the pavements, all in the direction of their pavement.

    Who comes within a block of time depends on the seed and the block alone, so any moment can
    be shown without the moments before it.

    Args:
        layout: The street.
        seed: Who comes when.
        busy: The least activity, 0 to 1; at 0 the street is empty now and then.
    """

    def __init__(self, layout: Layout, seed: int, busy: float = 0.0) -> None:
        self._layout = layout
        self._seed = seed
        self._busy = busy
        self._phases = np.random.default_rng([seed, 21]).uniform(0, 2 * np.pi, 2)
        self._arrivals = lru_cache(maxsize=64)(self._arrivals_in)

    def at(self, time_s: float) -> Iterator[Actor]:
        """Everybody who is in the picture."""
        last = int(time_s // _BLOCK_S)
        for block in range(last - int(_LONGEST_WALK_S // _BLOCK_S), last + 1):
            for walker in self._arrivals(block):
                if walker.is_here(time_s):
                    yield walker

    def activity(self, time_s: float) -> float:
        """How busy the street is: about 0 to 2, with quiet spells every minute or so."""
        slow, quick = np.sin(2 * np.pi * time_s / np.array([83.0, 31.0]) + self._phases)
        return float(max(self._busy, 0.85 + 0.85 * slow + 0.35 * quick))

    def _arrivals_in(self, block: int) -> tuple[Walker, ...]:
        walkers: list[Walker] = []
        middle = (block + 0.5) * _BLOCK_S
        for index, lane in enumerate(self._layout.pavements):
            dice = np.random.default_rng([self._seed, 22, index, block + _BLOCKS_BEFORE_THE_START])
            expected = lane.arrivals * self.activity(middle) * _BLOCK_S
            for _ in range(dice.poisson(max(0.0, expected))):
                start = (block + dice.random()) * _BLOCK_S
                walkers += _party(dice, self._layout.view, lane, start)
        return tuple(walkers)


def walking_speed(dice: np.random.Generator) -> float:
    """An ordinary pace, m/s: log-normal around 1.3."""
    return float(np.clip(dice.lognormal(np.log(1.3), 0.15), 0.85, 1.9))


def crossing(view: View, y: float, direction: int, margin: float = MARGIN_M) -> Interval:
    """Where somebody comes in and goes out who crosses the whole picture, m along the street."""
    left, right = view.span(y)
    return (left - margin, right + margin) if direction > 0 else (right + margin, left - margin)


def walker_across(
    dice: np.random.Generator, view: View, y: float, direction: int, start_s: float, speed: float
) -> Walker:
    """Somebody who crosses the whole picture on foot."""
    entry, leaving = crossing(view, y, direction)
    path = Path.straight(start_s, entry, leaving, y, speed)
    return Walker(
        (start_s, path.keys[-1][0]),
        look=Look.roll(dice),
        path=path,
        stride=float(dice.uniform(0, 2 * np.pi)),
    )


def _party(dice: np.random.Generator, view: View, lane: Lane, start_s: float) -> list[Walker]:
    """Somebody, or now and then two together."""
    speed, y = walking_speed(dice), lane.somewhere(dice)
    party = [walker_across(dice, view, y, lane.direction, start_s, speed)]
    if dice.random() < 0.22:
        beside = y + (0.65 if y < (lane.near + lane.far) / 2 else -0.65)
        late = start_s + dice.uniform(0.05, 0.3)
        party.append(walker_across(dice, view, beside, lane.direction, late, speed))
    return party
