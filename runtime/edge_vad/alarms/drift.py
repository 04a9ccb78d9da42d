"""Follows slow changes of what is normal: light, season, a camera that settles.

The threshold of a scene model stands on footage of one day. An option, off by default, lets the
tail of normal scores move with the scores themselves. What raises an alarm never counts, nor do the
seconds around it, and the threshold stays within a bound that is stated in advance: nothing that
goes on long enough may teach the detector that everything is normal.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from edge_vad.alarms.alarm import ALARM_FRAMES, QUIET_S, AlarmPeaks
from edge_vad.alarms.persistence import PersistentScore
from edge_vad.errors import WrongUse
from edge_vad.false_alarms import TAIL_SHARE, NormalTail, describe_rate

HOURS = 1.0
"""Time in which what was seen before is forgotten to 1/e."""
BOUND_SCALES = 3.0
"""The threshold stays within so many scales of the trained tail from the trained threshold."""
SCALE_BOUND = 2.0
"""The scale stays within this factor of the trained one, either way."""
GUARD_S = 5.0
"""Frames so close before or after an anomalous one do not count."""
STEP_SCALES = 0.1
"""A change of the threshold by so many trained scales is worth a record."""
_FEWEST_PEAKS = 20
_NEVER = 2**62


class DriftState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What has been learnt so far; goes to a file and back.

    Attributes:
        trained: The tail that it started from; the state of another scene is of no use.
        shift: How far the start of the tail has moved, in units of the score.
        scale: Scale of the tail, in units of the score.
    """

    trained: NormalTail
    shift: float
    scale: Annotated[float, msgspec.Meta(gt=0)]


class DriftRecord(msgspec.Struct, frozen=True):
    """One step of the threshold, for the log.

    Attributes:
        time_s: When, on the source's clock, s.
        threshold: The threshold from now on.
        start: Score at which the tail begins now.
        scale: Scale of the tail now.
        at_bound: Whether the threshold would have moved further, had it been allowed to.
    """

    time_s: float
    threshold: float
    start: float
    scale: float
    at_bound: bool


class DriftStep(NamedTuple):
    """Where a threshold stands, and all that is to be known to go on from there.

    Attributes:
        threshold: The threshold.
        at_bound: Whether it would have moved further, had it been allowed to.
        state: What has been learnt.
    """

    threshold: float
    at_bound: bool
    state: DriftState


class NormalDrift:
    """Re-estimates the normal tail from the scores below the threshold, frame by frame.

    All of it is about persistent scores, as the tail and the alarms are. The start of the tail is
    the score that a fifth of the frames pass. Stochastic approximation (Robbins & Monro 1951)
    follows that quantile: after every frame it moves up by a step times the share that should lie
    below it, or down by the step times the share that should lie above. The size of the scores does
    not matter, only on which side they lie.

    The scale follows the mean excess of the peaks of alarms over the start, with exponential
    forgetting. As no peak above the threshold counts, their mean is too small; how much follows
    from the shape of the tail and from the rate that the threshold stands for, and is made good.
    The shape and the rate of alarms over the start stay as trained.

    An update costs the same however long it runs, and keeps nothing but the last seconds' scores.

    Args:
        normal: The trained tail.
        alarms_per_hour: The rate of false alarms that the threshold stands for.
        fps: Frames a second.
        hours: Time in which what was seen before is forgotten to 1/e.

    Attributes:
        threshold: Score from which on a frame is anomalous, now.

    Raises:
        WrongUse: The threshold lies in the midst of the normal scores, so that what is left below
            it does not tell where their tail begins.
    """

    def __init__(
        self, normal: NormalTail, alarms_per_hour: float, fps: float, hours: float = HOURS
    ) -> None:
        self._trained = normal
        self._trained_threshold = normal.threshold(alarms_per_hour)
        self._reach = (self._trained_threshold - normal.start) / normal.scale
        if self._reach < 1:
            often = describe_rate(normal.alarms_per_hour / math.e)
            raise WrongUse(
                "so many false alarms are accepted that drift cannot be told from anomalies",
                f"accept fewer than {often}, or do not follow drift",
            )
        # The density of exponential excesses at the start of the tail is share / scale: a step of
        # one over it, spread over the frames in which one forgets, has that time constant.
        self._step = normal.scale / (TAIL_SHARE * hours * 3600 * fps)
        self._peak_weight = 1 / max(_FEWEST_PEAKS, normal.alarms_per_hour * hours)
        self._truncated_mean = truncated_mean(self._reach, normal.shape)
        self._quiet_frames = QUIET_S * fps
        # An alarm is known with the last of the frames that it takes.
        self._guard = math.ceil(GUARD_S * fps) + ALARM_FRAMES - 1
        self._waiting = np.zeros(self._guard, np.float64)
        self._persistent, self._peaks = PersistentScore(), AlarmPeaks(fps)
        self.reset()

    def reset(self) -> None:
        """Go back to the trained tail, exactly."""
        self._shift, self._scale = 0.0, self._trained.scale
        self.threshold = self._logged = self._trained_threshold
        self._reported_bound = False
        self._frames, self._last_anomalous = 0, -_NEVER
        self._persistent.reset()
        self._peaks.reset()

    @property
    def tail(self) -> NormalTail:
        """The normal tail as it is now."""
        if (self._shift, self._scale) == (0.0, self._trained.scale):
            return self._trained
        start = self._trained.start + self._shift
        return msgspec.structs.replace(self._trained, start=start, scale=self._scale)

    @property
    def state(self) -> DriftState:
        """What has been learnt so far."""
        return DriftState(self._trained, self._shift, self._scale)

    @property
    def at_bound(self) -> bool:
        """Whether the threshold would have moved further, had it been allowed to."""
        return abs(self._wanted_move()) >= BOUND_SCALES * self._trained.scale

    @property
    def current_step(self) -> DriftStep:
        """Where the threshold stands."""
        return DriftStep(self.threshold, self.at_bound, self.state)

    def resume(self, state: DriftState) -> None:
        """Go on from what was learnt before, within the bounds.

        Raises:
            WrongUse: It was learnt with another scene.
        """
        if state.trained != self._trained:
            raise WrongUse(
                "the drift was learnt with another scene", "begin anew, from the trained tail"
            )
        self.reset()
        self._shift, self._scale = state.shift, state.scale
        self._move()
        self._logged = self.threshold

    def update(self, score: float, time_s: float) -> DriftRecord | None:
        """Take the next frame's score; the threshold may have moved afterwards.

        Args:
            score: The frame's score; one that is no finite number counts as anomalous.
            time_s: The frame's time, s, for the record.

        Returns:
            A record where the threshold has moved by a step since the last one, or has reached its
            bound; None otherwise.
        """
        index, place = self._frames, self._frames % self._guard
        self._frames += 1
        persistent = self._persistent.update(score)
        # Frames that pass one by one let an alarm go on, though they do not begin one.
        goes_on = score >= self.threshold and index - self._last_anomalous <= self._quiet_frames
        if goes_on or not (math.isfinite(score) and persistent < self.threshold):
            self._last_anomalous = index
        left, self._waiting[place] = float(self._waiting[place]), persistent
        # A score waits until what comes after it is known.
        is_clear = self._last_anomalous < index - 2 * self._guard
        if index >= self._guard and is_clear:
            self._learn(left, index - self._guard)
        elif not is_clear:
            self._peaks.reset()
        return self._record(time_s)

    def _learn(self, score: float, index: int) -> None:
        start = self._trained.start + self._shift
        peak = self._peaks.update(score, start, index)
        if peak is not None:
            excess = max(0.0, peak - start) / self._truncated_mean
            self._scale += self._peak_weight * (excess - self._scale)
        self._shift += self._step * ((1 - TAIL_SHARE) if score >= start else -TAIL_SHARE)
        self._move()

    def _move(self) -> None:
        """Keep within the bounds, and put the threshold where the tail wants it."""
        trained = self._trained
        furthest = BOUND_SCALES * trained.scale
        self._shift = min(max(self._shift, -furthest), furthest)
        self._scale = min(
            max(self._scale, trained.scale / SCALE_BOUND), trained.scale * SCALE_BOUND
        )
        moved = self._wanted_move()
        self.threshold = self._trained_threshold + min(max(moved, -furthest), furthest)

    def _wanted_move(self) -> float:
        return self._shift + self._reach * (self._scale - self._trained.scale)

    def _record(self, time_s: float) -> DriftRecord | None:
        at_bound = self.at_bound
        has_moved = abs(self.threshold - self._logged) >= STEP_SCALES * self._trained.scale
        if not has_moved and (self._reported_bound or not at_bound):
            return None
        self._logged, self._reported_bound = self.threshold, at_bound
        tail = self.tail
        return DriftRecord(time_s, self.threshold, tail.start, tail.scale, at_bound)


def truncated_mean(reach: float, shape: float) -> float:
    """Mean of generalised Pareto excesses of scale 1, of those alone that are below `reach`.

    From the integral of the survival function `S(x) = (1 + shape x) ** (-1 / shape)` by parts:
    `(int_0^reach S - reach S(reach)) / (1 - S(reach))`.

    Example:
        >>> round(truncated_mean(100.0, 0.0), 6)
        1.0
    """
    if shape < 1e-6:
        survival = math.exp(-reach)
        below = 1 - survival
    else:
        base = 1 + shape * reach
        survival = base ** (-1 / shape)
        below = (1 - base ** (1 - 1 / shape)) / (1 - shape)
    return (below - reach * survival) / (1 - survival)
