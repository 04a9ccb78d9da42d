"""Anomalies of things that somebody leaves behind or throws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_vad_street.actors.actor import Actor, Path, Walker
from edge_vad_street.actors.left import LeftLuggage, Thrown, flight_time
from edge_vad_street.actors.things import Luggage
from edge_vad_street.acts.act import Act, way_with_a_stop, whole_way
from edge_vad_street.layout import Layout
from edge_vad_street.traffic import crossing, walker_across, walking_speed


def abandoned_object(layout: Layout, dice: np.random.Generator) -> Act:
    """Somebody sets luggage down and walks on; another passer-by takes it along later.

    Both go at an ordinary pace; the luggage is an anomaly while it is alone.
    """
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
            way_with_a_stop(entry, spot, leaving, y - 0.15, speed, at - 0.6, 1.2)
            for speed, at in zip(speeds, (start_s, taken_s), strict=True)
        ]
        return [
            replace(
                owner, here=whole_way(ways[0]), path=ways[0], stoops=start_s,
                bag=luggage, carries=(-np.inf, start_s),
            ),
            LeftLuggage(
                (start_s, taken_s), luggage=luggage,
                at=(spot + 0.45 * lane.direction, y), odd=(start_s, taken_s),
            ),
            _taking(finder, ways[1], taken_s, luggage),
        ]  # fmt: skip

    return Act(alone_s, cast)


def thrown_object(layout: Layout, dice: np.random.Generator) -> Act:
    """A sack flies over the street, lands on the near pavement and lies until it is taken away.

    It is an anomaly as soon as it flies into the picture.
    """
    view, lane = layout.view, layout.pavements[0]
    side, y = int(dice.choice([-1, 1])), lane.somewhere(dice, kerb=1.0)
    from_y, height, rise = layout.road.somewhere(dice), dice.uniform(1.6, 2.4), dice.uniform(4.5, 6)
    start = crossing(view, from_y, side, 0.4)[0]
    left, right = view.span(y)
    spot = left + (right - left) * dice.uniform(0.35, 0.65)
    sack, lies_s = Luggage.roll_sack(dice), dice.uniform(5.0, 7.5)
    length_s = flight_time(height, rise) + lies_s
    entry, leaving = crossing(view, y, lane.direction)
    speed = walking_speed(dice)
    finder = walker_across(dice, view, y, lane.direction, 0.0, speed)

    def cast(start_s: float) -> list[Actor]:
        taken_s = start_s + length_s
        flying = Thrown(
            (start_s, taken_s), sack=sack, start=(start, from_y), landing=(spot, y),
            height_m=height, rise=rise, odd=(start_s, taken_s),
        )  # fmt: skip
        x, rest_y = flying.rest
        stop = x - 0.45 * lane.direction
        way = way_with_a_stop(entry, stop, leaving, rest_y - 0.15, speed, taken_s - 0.6, 1.2)
        return [flying, _taking(finder, way, taken_s, sack)]

    return Act(length_s, cast)


def _taking(finder: Walker, way: Path, taken_s: float, luggage: Luggage) -> Walker:
    """Somebody who comes along, bends down and takes the luggage along."""
    carries = (taken_s, np.inf)
    return replace(
        finder, here=whole_way(way), path=way, stoops=taken_s, bag=luggage, carries=carries
    )
