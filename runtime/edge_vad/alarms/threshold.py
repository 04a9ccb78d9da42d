"""What a camera's scores are held against, and how that moves while it is watched."""

from __future__ import annotations

import threading
from typing import NamedTuple

from edge_vad.alarms.drift import DriftState, DriftStep, NormalDrift
from edge_vad.alarms.settings import DecisionSettings
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


class Threshold:
    """Stands for the accepted false alarms; follows the drift of normal scores where that is asked.

    Any thread may call any method.

    Args:
        normal: The trained tail of normal scores.
        settings: What is accepted, and whether drift is followed.
        fps: Frames a second that are scored.

    Attributes:
        normal: The tail as it is now.
        level: What scores are held against now.

    Raises:
        WrongUse: At so many false alarms drift cannot be distinguished from anomalies.
    """

    def __init__(self, normal: NormalTail, settings: DecisionSettings, fps: float) -> None:
        self._trained, self._settings, self._fps = normal, settings, fps
        self._lock = threading.Lock()
        said = normal.accepted(settings.false_alarms)
        self._drift = self._begun(said) if settings.follow_drift else None
        self.normal = normal
        self.level = self._level(said)

    @property
    def drift(self) -> DriftStep | None:
        """Where drift has brought it; None where it does not move by itself."""
        with self._lock:
            return self._drift.current_step if self._drift else None

    def level_of(self, false_alarms: str | None) -> Level:
        """What stands for other accepted false alarms just now; for the same ones when None."""
        if false_alarms is None:
            return self.level
        return level_for(false_alarms, self._settings.hysteresis, self.normal)

    def accept(self, false_alarms: str) -> Level:
        """Stand for other accepted false alarms; what was learnt of drift stays.

        Raises:
            WrongUse: No rate of false alarms, or one at which drift cannot be followed.
        """
        with self._lock:
            if self._drift:
                begun = self._begun(false_alarms)
                begun.resume(self._drift.state)
                self._drift = begun
            self.level = self._level(false_alarms)
            return self.level

    def resume(self, state: DriftState) -> None:
        """Go on from where an earlier run came to.

        Raises:
            WrongUse: It was learnt with another scene.
        """
        with self._lock:
            if self._drift:
                self._drift.resume(state)
                self._move(self._drift)

    def follow(self, score: float, time_s: float) -> DriftStep | None:
        """Take the next frame's score; a step where the threshold has moved by one."""
        if self._drift is None:
            return None
        with self._lock:
            drift = self._drift
            if drift.update(score, time_s):
                self._move(drift)
                return drift.current_step
            # The tail, and what follows from it, moves with steps: a frame costs next to nothing.
            begin = drift.threshold
            self.level = self.level._replace(begin=begin, hold=min(begin, self.level.hold))
            return None

    def _begun(self, false_alarms: str) -> NormalDrift:
        return NormalDrift(self._trained, parse_rate(false_alarms), self._fps)

    def _move(self, drift: NormalDrift) -> None:
        self.normal = drift.tail
        self.level = self._level(self.level.false_alarms)

    def _level(self, false_alarms: str) -> Level:
        level = level_for(false_alarms, self._settings.hysteresis, self.normal)
        if self._drift is None:
            return level
        begin = self._drift.threshold  # within its bound, where that of the tail may not be
        return level._replace(begin=begin, hold=min(begin, level.hold))
