"""Anomalies of people on foot, none of them faster than people walk."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from edge_vad_street.actors.actor import TURN_S, Actor, Path
from edge_vad_street.acts.act import Act, a_pavement, way_with_a_stop, whole_way
from edge_vad_street.layout import Layout
from edge_vad_street.traffic import crossing, walker_across, walking_speed

UNUSUAL_STAY_S = 3.0
"""Somebody who has stood about for so long loiters."""

_LAWN_M = 0.75


def wrong_way(layout: Layout, dice: np.random.Generator) -> Act:
    """Comes against everybody, or turns round and goes back; at an ordinary pace."""
    lane = a_pavement(layout, dice)
    y, speed = lane.somewhere(dice), walking_speed(dice)
    if dice.random() < 0.5:
        return _along(layout, dice, y, -lane.direction, speed)
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


def forbidden_area(layout: Layout, dice: np.random.Generator) -> Act:
    """Walks where nobody ever does: over the road, along it, or on the lawn; at an ordinary pace.

    Who crosses the road is an anomaly from the kerb until they go along the other pavement with
    everybody else, against whom they walk at first; who walks along the road or on the lawn is one
    all the time.
    """
    chance, speed = dice.random(), walking_speed(dice)
    if chance < 0.5:
        return _over_the_road(layout, dice, speed)
    lawn = layout.pavements[0].near - _LAWN_M
    y = layout.road.somewhere(dice, kerb=1.5) if chance < 0.75 else lawn
    return _along(layout, dice, y, int(dice.choice([-1, 1])), speed)


def _along(
    layout: Layout, dice: np.random.Generator, y: float, direction: int, speed: float
) -> Act:
    """Cross the whole picture on foot; all of it is an anomaly."""
    entry, leaving = crossing(layout.view, y, direction, 0.3)
    person = walker_across(dice, layout.view, y, direction, 0.0, speed)

    def cast(start_s: float) -> list[Actor]:
        path = Path.straight(start_s, entry, leaving, y, speed)
        return [replace(person, here=whole_way(path), path=path, odd=whole_way(path))]

    return Act(abs(leaving - entry) / speed, cast)


def _over_the_road(layout: Layout, dice: np.random.Generator, speed: float) -> Act:
    """Step off the kerb, cross the road obliquely, and go on along the other pavement."""
    road = layout.road
    near, far = layout.pavements
    beside, inwards = dice.uniform(0.7, 1.0), dice.random() < 0.5
    ways = (near, far) if inwards else (far, near)
    kerb = road.near if inwards else road.far
    lines = (kerb + (-beside if inwards else beside), ways[1].somewhere(dice, kerb=1.0))
    left, right = layout.view.span((road.near + road.far) / 2)
    middle = left + (right - left) * dice.uniform(0.35, 0.65)
    aside = ways[0].direction * dice.uniform(0.6, 1.2) * abs(lines[1] - lines[0]) / 2
    places = [
        (crossing(layout.view, lines[0], ways[0].direction)[0], lines[0]),
        (middle - aside, lines[0]),
        (middle + aside, lines[1]),
        (crossing(layout.view, lines[1], ways[1].direction)[1], lines[1]),
    ]
    steps = [np.hypot(*np.subtract(b, a)) / speed for a, b in pairwise(places)]
    before_kerb = (kerb - lines[0]) / (lines[1] - lines[0])
    stepped_s = float(steps[0] + before_kerb * steps[1])
    length_s = float((1 - before_kerb) * steps[1]) + TURN_S
    person = walker_across(dice, layout.view, lines[0], ways[0].direction, 0.0, speed)
    times = np.cumsum([0.0, *steps])

    def cast(start_s: float) -> list[Actor]:
        began = start_s - stepped_s
        timed = zip(times.tolist(), places, strict=True)
        path = Path(tuple((began + after, x, y) for after, (x, y) in timed))
        odd = (start_s, start_s + length_s)
        return [replace(person, here=whole_way(path), path=path, odd=odd)]

    return Act(length_s, cast)


def faller(layout: Layout, dice: np.random.Generator) -> Act:
    """Trips while walking at an ordinary pace and lies for a while."""
    lane = a_pavement(layout, dice)
    y, speed = lane.somewhere(dice), walking_speed(dice)
    person = walker_across(dice, layout.view, y, lane.direction, 0.0, speed)
    entry, leaving = crossing(layout.view, y, lane.direction)
    spot = entry + (leaving - entry) * dice.uniform(0.3, 0.7)
    down_s = dice.uniform(6.0, 8.8)

    def cast(start_s: float) -> list[Actor]:
        path = way_with_a_stop(entry, spot, leaving, y, speed, start_s + 0.15, down_s)
        falls = (start_s, start_s + down_s)
        return [replace(person, here=whole_way(path), path=path, falls=falls, odd=falls)]

    return Act(down_s, cast)


def loiterer(layout: Layout, dice: np.random.Generator) -> Act:
    """Stops among passers-by and hangs about: shifts their weight, paces a metre or two.

    An anomaly from 3 s after the stop until they walk on.
    """
    lane = a_pavement(layout, dice)
    y, speed = lane.somewhere(dice), walking_speed(dice)
    person = walker_across(dice, layout.view, y, lane.direction, 0.0, speed)
    entry, leaving = crossing(layout.view, y, lane.direction)
    spot = entry + (leaving - entry) * dice.uniform(0.3, 0.65)
    stay = _paced(dice, spot, dice.uniform(18.5, 25.5))
    stayed_s, left_from = stay[-1]

    def cast(start_s: float) -> list[Actor]:
        stop_s = start_s - UNUSUAL_STAY_S
        goes_s = stop_s + stayed_s
        path = Path(
            (
                (stop_s - abs(spot - entry) / speed, entry, y),
                *((stop_s + after, x, y) for after, x in stay),
                (goes_s + abs(leaving - left_from) / speed, leaving, y),
            )
        )
        stays = (stop_s, goes_s)
        odd = (start_s, goes_s)
        return [replace(person, here=whole_way(path), path=path, waits=stays, odd=odd)]

    return Act(stayed_s - UNUSUAL_STAY_S, cast)


def _paced(dice: np.random.Generator, spot: float, length_s: float) -> list[tuple[float, float]]:
    """Stand, go a metre or two, stand, come back: (s after the stop, m along the street)."""
    after, x, side = 0.0, spot, float(dice.choice([-1.0, 1.0]))
    keys = [(after, x)]
    while True:
        to = spot + side * dice.uniform(0.5, 1.0)
        stands_s, goes_s = dice.uniform(2.5, 4.5), abs(to - x) / dice.uniform(0.55, 0.8)
        if after + stands_s + goes_s > length_s - 1.0:
            return [*keys, (length_s, x)]
        keys += [(after + stands_s, x), (after + stands_s + goes_s, to)]
        after, x, side = after + stands_s + goes_s, to, -side
