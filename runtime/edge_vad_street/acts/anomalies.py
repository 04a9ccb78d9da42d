"""When each kind of anomaly is staged, and how long a clip of it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from edge_vad_street.actors.actor import Actor
from edge_vad_street.acts.act import Act
from edge_vad_street.acts.on_foot import faller, forbidden_area, loiterer, wrong_way
from edge_vad_street.acts.passing import cyclist, runner, unusual_shape, vehicle
from edge_vad_street.acts.with_luggage import abandoned_object, thrown_object
from edge_vad_street.layout import Layout

ACTS: dict[str, Callable[[Layout, np.random.Generator], Act]] = {
    "cyclist": cyclist,
    "vehicle": vehicle,
    "runner": runner,
    "wrong_way": wrong_way,
    "faller": faller,
    "abandoned_object": abandoned_object,
    "thrown_object": thrown_object,
    "forbidden_area": forbidden_area,
    "loiterer": loiterer,
    "unusual_shape": unusual_shape,
}

_CYCLE_S = 16.0
_LONG_CYCLES_S = {
    "wrong_way": 32.0,
    "forbidden_area": 32.0,
    "loiterer": 40.0,
    "unusual_shape": 52.0,
}
"""Crossing the picture at an ordinary pace takes a while, and so does loitering."""

_SHARE = (0.36, 0.58)
_REST_S = 0.5


def cycle_s(kind: str) -> float:
    """An anomaly is staged anew in every cycle of this length; a test clip shows one cycle."""
    return _LONG_CYCLES_S.get(kind, _CYCLE_S)


class Stage:
    """Stages one kind of anomaly, once or twice in every cycle.

    Args:
        layout: The street.
        seed: Of the variation: speed, colour, lane, time.
        kind: One of `url.KINDS`.
    """

    def __init__(self, layout: Layout, seed: int, kind: str) -> None:
        self._layout = layout
        self._seed = seed
        self._play = ACTS[kind]
        self._cycle_s = cycle_s(kind)
        self._cast = lru_cache(maxsize=8)(self._cast_of)

    def at(self, time_s: float) -> list[Actor]:
        """Everybody of the anomaly's cast who is in the picture."""
        cycle = int(time_s // self._cycle_s)
        around = range(max(0, cycle - 1), cycle + 2)
        return [actor for turn in around for actor in self._cast(turn) if actor.is_here(time_s)]

    def _cast_of(self, cycle: int) -> tuple[Actor, ...]:
        dice = np.random.default_rng([self._seed, 31, cycle])
        acts = self._acts(dice)
        slot = self._cycle_s / len(acts)
        actors: list[Actor] = []
        for index, act in enumerate(acts):
            late = dice.uniform(_REST_S, max(_REST_S, slot - act.length_s - _REST_S))
            actors += act.cast(cycle * self._cycle_s + index * slot + late)
        return tuple(actors)

    def _acts(self, dice: np.random.Generator) -> list[Act]:
        """One long appearance or two short ones that fill the wanted share of a cycle."""
        least, most = (share * self._cycle_s for share in _SHARE)
        acts = [self._play(self._layout, dice)]
        for _ in range(200):
            total = sum(act.length_s for act in acts)
            if (
                least <= total <= most
                and acts[-1].length_s < self._cycle_s / len(acts) - 2 * _REST_S
            ):
                break
            again = self._play(self._layout, dice)
            fits = total < least and len(acts) == 1 and total < self._cycle_s / 2 - 2 * _REST_S
            acts = [acts[0], again] if fits else [again]
        return acts
