"""What does not belong: one function a kind, and when each is staged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from edge_vad.street.actors import Actor, Path, Walker
from edge_vad.street.body import Look
from edge_vad.street.layout import Lane, Layout
from edge_vad.street.left import Flying, LeftLuggage
from edge_vad.street.rolling import Cyclist, Vehicle
from edge_vad.street.shapes import Colour, shade
from edge_vad.street.things import Luggage
from edge_vad.street.traffic import crossing, walker_across, walking_speed

CYCLE_S = 16.0
"""An anomaly is staged anew in every cycle; a test clip shows one cycle."""

_SHARE = (0.36, 0.58)
_REST_S = 0.5


@dataclass(frozen=True)
class Act:
    """One appearance of an anomaly.

    Attributes:
        length_s: How long it is an anomaly.
        cast: Who plays in it, given the time at which it becomes one, s.
    """

    length_s: float
    cast: Callable[[float], list[Actor]]


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
        self._kind = kind
        self._play = ACTS[kind]
        self._cast = lru_cache(maxsize=8)(self._cast_of)

    def at(self, time_s: float) -> list[Actor]:
        """Everybody of the anomaly's cast who is in the picture."""
        cycle = int(time_s // CYCLE_S)
        around = range(max(0, cycle - 1), cycle + 2)
        return [actor for turn in around for actor in self._cast(turn) if actor.is_here(time_s)]

    def _cast_of(self, cycle: int) -> tuple[Actor, ...]:
        dice = np.random.default_rng([self._seed, 31, cycle])
        acts = self._acts(dice)
        slot = CYCLE_S / len(acts)
        actors: list[Actor] = []
        for index, act in enumerate(acts):
            late = dice.uniform(_REST_S, max(_REST_S, slot - act.length_s - _REST_S))
            actors += act.cast(cycle * CYCLE_S + index * slot + late)
        return tuple(actors)

    def _acts(self, dice: np.random.Generator) -> list[Act]:
        """One long appearance or two short ones that fill the wanted share of a cycle."""
        least, most = (share * CYCLE_S for share in _SHARE)
        acts = [self._play(self._layout, dice)]
        for _ in range(200):
            total = sum(act.length_s for act in acts)
            if least <= total <= most and acts[-1].length_s < CYCLE_S / len(acts) - 2 * _REST_S:
                break
            again = self._play(self._layout, dice)
            fits = total < least and len(acts) == 1 and total < CYCLE_S / 2 - 2 * _REST_S
            acts = [acts[0], again] if fits else [again]
        return acts


def _cyclist(layout: Layout, dice: np.random.Generator) -> Act:
    lane = _pavement(layout, dice)
    look, speed, y = Look.roll(dice), _around(dice, 4.6, 0.15), lane.somewhere(dice)
    frame = _paint(dice)

    def cast(path: Path, until: float) -> Actor:
        here = (path.keys[0][0], until)
        return Cyclist(here, look=replace(look, coat=0.0), path=path, frame=frame, odd=here)

    return _passing(layout, lane.direction, y, speed, 1.0, cast)


def _vehicle(layout: Layout, dice: np.random.Generator) -> Act:
    lane = layout.road if dice.random() < 0.5 else _pavement(layout, dice)
    direction = int(dice.choice([-1, 1])) if lane is layout.road else lane.direction
    speed, y = _around(dice, 4.6, 0.2), lane.somewhere(dice, kerb=1.3)
    colour, van = _paint(dice), bool(dice.random() < 0.4)

    def cast(path: Path, until: float) -> Actor:
        here = (path.keys[0][0], until)
        return Vehicle(here, path=path, colour=colour, van=van, odd=here)

    return _passing(layout, direction, y, speed, 2.3, cast)


def _runner(layout: Layout, dice: np.random.Generator) -> Act:
    lane = _pavement(layout, dice)
    look, speed, y = Look.roll(dice), _around(dice, 3.7, 0.12), lane.somewhere(dice)

    def cast(path: Path, until: float) -> Actor:
        here = (path.keys[0][0], until)
        return Walker(here, look=replace(look, coat=0.0), path=path, running=1.0, odd=here)

    return _passing(layout, lane.direction, y, speed, 0.5, cast)


def _wrong_way(layout: Layout, dice: np.random.Generator) -> Act:
    """Comes against everybody, or turns round and goes back."""
    lane = _pavement(layout, dice)
    y, speed = lane.somewhere(dice), walking_speed(dice)
    if dice.random() < 0.5:
        entry, leaving = crossing(layout.view, y, -lane.direction, 0.3)
        start = walker_across(dice, layout.view, y, -lane.direction, 0.0, speed)

        def against(start_s: float) -> list[Actor]:
            path = Path.straight(start_s, entry, leaving, y, speed)
            here = (start_s, path.keys[-1][0])
            return [replace(start, here=here, path=path, odd=here)]

        return Act(abs(leaving - entry) / speed, against)
    entry, leaving = crossing(layout.view, y, lane.direction, 0.3)
    back_s = dice.uniform(6.0, 9.0)
    turn = entry + lane.direction * min(speed * back_s, 0.85 * abs(leaving - entry))
    back_s = abs(turn - entry) / speed
    person = walker_across(dice, layout.view, y, lane.direction, 0.0, speed)

    def turning(start_s: float) -> list[Actor]:
        keys = ((start_s - back_s, entry, y), (start_s, turn, y), (start_s + back_s, entry, y))
        here = (start_s - back_s, start_s + back_s)
        return [replace(person, here=here, path=Path(keys), odd=(start_s, here[1]))]

    return Act(back_s, turning)


def _faller(layout: Layout, dice: np.random.Generator) -> Act:
    lane = _pavement(layout, dice)
    y, speed = lane.somewhere(dice), walking_speed(dice)
    person = walker_across(dice, layout.view, y, lane.direction, 0.0, speed)
    entry, leaving = crossing(layout.view, y, lane.direction)
    spot = entry + (leaving - entry) * dice.uniform(0.3, 0.7)
    down_s = dice.uniform(6.0, 8.8)

    def cast(start_s: float) -> list[Actor]:
        path = _way_with_a_stop(entry, spot, leaving, y, speed, start_s + 0.15, down_s)
        falls = (start_s, start_s + down_s)
        return [replace(person, here=_all_of(path), path=path, falls=falls, odd=falls)]

    return Act(down_s, cast)


def _abandoned_object(layout: Layout, dice: np.random.Generator) -> Act:
    """Somebody sets luggage down and walks on; another passer-by takes it along later."""
    # Only on the near pavement: on the far one a bin or a tree could hide all of it.
    lane = layout.pavements[0]
    y, view = lane.somewhere(dice, kerb=1.0), layout.view
    owner = walker_across(dice, view, y, lane.direction, 0.0, walking_speed(dice))
    finder = walker_across(dice, view, y, lane.direction, 0.0, walking_speed(dice))
    luggage, alone_s = Luggage.roll(dice), dice.uniform(6.0, 9.0)
    entry, leaving = crossing(view, y, lane.direction)
    spot = entry + (leaving - entry) * dice.uniform(0.3, 0.65)
    speeds = walking_speed(dice), walking_speed(dice)

    def cast(start_s: float) -> list[Actor]:
        taken_s = start_s + alone_s
        ways = [
            _way_with_a_stop(entry, spot, leaving, y - 0.15, speed, at - 0.6, 1.2)
            for speed, at in zip(speeds, (start_s, taken_s), strict=True)
        ]
        return [
            replace(
                owner, here=_all_of(ways[0]), path=ways[0], stoops=start_s,
                bag=luggage, carries=(-np.inf, start_s),
            ),
            LeftLuggage(
                (start_s, taken_s), luggage=luggage,
                at=(spot + 0.45 * lane.direction, y), odd=(start_s, taken_s),
            ),
            replace(
                finder, here=_all_of(ways[1]), path=ways[1], stoops=taken_s,
                bag=luggage, carries=(taken_s, np.inf),
            ),
        ]  # fmt: skip

    return Act(alone_s, cast)


def _thrown_object(layout: Layout, dice: np.random.Generator) -> Act:
    strip = layout.pavements[0] if dice.random() < 0.6 else layout.road
    y, speed = strip.somewhere(dice), dice.uniform(3.9, 5.6)
    direction, bottle = int(dice.choice([-1, 1])), bool(dice.random() < 0.3)
    radius = dice.uniform(0.2, 0.24) if bottle else dice.uniform(0.13, 0.19)
    height, rise, colour = dice.uniform(1.2, 2.2), dice.uniform(2.5, 4.5), _toy(dice)
    entry, leaving = crossing(layout.view, y, direction, 0.25)
    length_s = abs(leaving - entry) / speed

    def cast(start_s: float) -> list[Actor]:
        here = (start_s, start_s + length_s)
        return [
            Flying(
                here, start=(entry, y), speed=direction * speed, height_m=height, rise=rise,
                radius_m=radius, colour=colour, bottle=bottle, odd=here,
            )
        ]  # fmt: skip

    return Act(length_s, cast)


ACTS: dict[str, Callable[[Layout, np.random.Generator], Act]] = {
    "cyclist": _cyclist,
    "vehicle": _vehicle,
    "runner": _runner,
    "wrong_way": _wrong_way,
    "faller": _faller,
    "abandoned_object": _abandoned_object,
    "thrown_object": _thrown_object,
}


def _passing(
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


def _way_with_a_stop(
    entry: float, spot: float, leaving: float, y: float, speed: float, stop_s: float, for_s: float
) -> Path:
    return Path(
        (
            (stop_s - abs(spot - entry) / speed, entry, y),
            (stop_s, spot, y),
            (stop_s + for_s, spot, y),
            (stop_s + for_s + abs(leaving - spot) / speed, leaving, y),
        )
    )


def _all_of(path: Path) -> tuple[float, float]:
    return path.keys[0][0], path.keys[-1][0]


def _pavement(layout: Layout, dice: np.random.Generator) -> Lane:
    return layout.pavements[int(dice.random() < 0.45)]


def _around(dice: np.random.Generator, middle: float, spread: float) -> float:
    return float(dice.lognormal(np.log(middle), spread))


def _paint(dice: np.random.Generator) -> Colour:
    """The colour of a vehicle or bicycle."""
    return _one_of(
        dice,
        (
            (198, 202, 204),
            (150, 150, 148),
            (60, 58, 140),
            (116, 86, 60),
            (70, 70, 72),
            (86, 130, 160),
        ),
    )


def _toy(dice: np.random.Generator) -> Colour:
    """The colour of something thrown."""
    return _one_of(dice, ((215, 220, 222), (60, 140, 225), (70, 70, 200), (90, 205, 215)))


def _one_of(dice: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return shade(colours[dice.integers(len(colours))], dice.uniform(0.85, 1.15))
