"""What people do on ordinary days besides walking straight on.

Whoever plays in an anomaly also does what is none: stops for a moment, bends down, carries
something, or crosses the pavement. All of it is seen on ordinary days, too, so that what the truth
calls normal is what normal footage shows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_vad.street.actors import Path, Walker
from edge_vad.street.layout import Lane
from edge_vad.street.things import Luggage

_CARRY, _STOP, _SWERVE = 0.15, 0.12, 0.15
"""How many of those who come along do so."""

_LONGEST_STOP_S = 2.6
_KERB_M = 0.3


def with_a_habit(dice: np.random.Generator, lane: Lane, walker: Walker, speed: float) -> Walker:
    """Have somebody who walks straight along a lane, m/s, do what others do now and then."""
    if dice.random() < _CARRY:
        luggage = Luggage.roll(dice) if dice.random() < 0.7 else Luggage.roll_sack(dice)
        walker = replace(walker, bag=luggage)
    habit = dice.random()
    if habit < _STOP:
        return _stopping(dice, walker, speed)
    if habit < _STOP + _SWERVE:
        return _swerving(dice, lane, walker, speed)
    return walker


def _stopping(dice: np.random.Generator, walker: Walker, speed: float) -> Walker:
    """Stands for a moment or bends down, and walks on."""
    (start_s, entry, y), (end_s, leaving, _) = walker.path.keys
    stop_s, for_s = dice.uniform(start_s, end_s), dice.uniform(1.2, _LONGEST_STOP_S)
    spot = float(np.interp(stop_s, (start_s, end_s), (entry, leaving)))
    path = Path.with_a_stop(entry, spot, leaving, y, speed, stop_s, for_s)
    stopping = replace(walker, here=(start_s, end_s + for_s), path=path)
    if dice.random() < 0.5:
        return replace(stopping, waits=(stop_s, stop_s + for_s))
    return replace(stopping, stoops=stop_s + 0.6)


def _swerving(dice: np.random.Generator, lane: Lane, walker: Walker, speed: float) -> Walker:
    """Goes over to another line of the pavement, obliquely."""
    (start_s, entry, y), (_, leaving, _) = walker.path.keys
    direction = float(np.sign(leaving - entry))
    to_y = lane.somewhere(dice, kerb=_KERB_M)
    along = dice.uniform(0.6, 1.2) * abs(to_y - y)
    turn = entry + dice.uniform(0.05, 0.95) * (leaving - direction * along - entry)
    places = [(entry, y), (turn, y), (turn + direction * along, to_y), (leaving, to_y)]
    steps = np.hypot(*np.diff(places, axis=0).T) / speed
    times = start_s + np.concatenate([[0.0], np.cumsum(steps)])
    keys = tuple((float(time), *place) for time, place in zip(times, places, strict=True))
    return replace(walker, here=(start_s, keys[-1][0]), path=Path(keys))
