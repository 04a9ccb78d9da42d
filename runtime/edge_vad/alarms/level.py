"""Accepted false alarms as the two scores between which an event lives."""

from __future__ import annotations

from typing import NamedTuple

from edge_vad.false_alarms import NormalTail, parse_rate


class Level(NamedTuple):
    """What a score is held against.

    Attributes:
        false_alarms: The accepted false alarms that it stands for, as they were said.
        begin: Score from which on a frame is anomalous and an event begins.
        hold: Score down to which an event goes on; never above `begin`.
    """

    false_alarms: str
    begin: float
    hold: float


def level_for(false_alarms: str, hysteresis: float, normal: NormalTail) -> Level:
    """The level that stands for these accepted false alarms.

    Raises:
        WrongUse: No rate of false alarms.
    """
    rate = parse_rate(false_alarms)
    begin = normal.threshold(rate)
    # Below its start the tail says nothing.
    hold = max(normal.start, normal.threshold(rate * hysteresis))
    return Level(false_alarms.strip(), begin, min(begin, hold))
