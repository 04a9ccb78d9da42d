"""What an appearance of an anomaly is made of: its length, its ways, its cast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge_vad_street.actors.actor import Actor, Interval, Path
from edge_vad_street.drawing.shapes import Colour, shade
from edge_vad_street.layout import Lane, Layout
from edge_vad_street.traffic import crossing


@dataclass(frozen=True)
class Act:
    """One appearance of an anomaly.

    Attributes:
        length_s: How long it is an anomaly.
        cast: Who plays in it, given the time at which it becomes one, s.
    """

    length_s: float
    cast: Callable[[float], list[Actor]]


def passing(
    layout: Layout,
    direction: int,
    y: float,
    speed: float,
    half_length: float,
    cast: Callable[[Path, float], Actor],
) -> Act:
    """Cross the whole picture at an even speed."""
    entry, leaving = crossing(layout.view, y, direction, half_length)
    length_s = abs(leaving - entry) / speed

    def start(start_s: float) -> list[Actor]:
        path = Path.straight(start_s, entry, leaving, y, speed)
        return [cast(path, start_s + length_s)]

    return Act(length_s, start)


def way_with_a_stop(
    entry: float, spot: float, leaving: float, y: float, speed: float, stop_s: float, for_s: float
) -> Path:
    """Cross the picture with a stop at a spot, from `stop_s` on, `for_s` long."""
    return Path(
        (
            (stop_s - abs(spot - entry) / speed, entry, y),
            (stop_s, spot, y),
            (stop_s + for_s, spot, y),
            (stop_s + for_s + abs(leaving - spot) / speed, leaving, y),
        )
    )


def whole_way(path: Path) -> Interval:
    """From the first until the last moment of a way, s."""
    return path.keys[0][0], path.keys[-1][0]


def a_pavement(layout: Layout, dice: np.random.Generator) -> Lane:
    """Choose a pavement; the near one a little more often."""
    return layout.pavements[int(dice.random() < 0.45)]


def around(dice: np.random.Generator, middle: float, spread: float) -> float:
    """Roll something positive with this median and relative spread."""
    return float(dice.lognormal(np.log(middle), spread))


def one_of(dice: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    """Choose a colour, and how light it is."""
    return shade(colours[dice.integers(len(colours))], dice.uniform(0.85, 1.15))
