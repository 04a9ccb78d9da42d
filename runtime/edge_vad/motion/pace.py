"""The one pace of training, evaluation, recordings and cameras: by the time that frames carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from edge_vad.frame import Frame

LONGEST_PAUSE = 15
"""Frame times for which a picture may stand still until nothing can be said of motion."""

LONGEST_STEP = 5.5
"""Frame times between two pictures whose motion flow can follow: a fifth of the scene's rate, and
what it varies by. From six on normal footage raises alarms."""

_EARLY = 0.25
"""Share of a frame time by which a frame may come before its turn."""

_SAME = 0.05
"""Cameras and containers round their stamps."""


class Paced(NamedTuple):
    """A frame that is to be scored.

    Attributes:
        frame: The frame.
        steps: Frame times of the scene since the one before; None where it follows no other, and
            the motion window is to be emptied.
    """

    frame: Frame
    steps: float | None


class FrameRateLimiter:
    """Takes frames at the rate that is wanted, where they come faster: those nearest their turn.

    Frames that follow each other too soon move by next to nothing, and the noise of their flow
    would be taken for speed; too few are as bad, for what is fast moves out of flow's sight.

    Args:
        fps: Frames a second that are wanted; all when None.
    """

    def __init__(self, fps: float | None) -> None:
        self._period_s = 0.0 if fps is None else 1 / fps
        self._due_s: float | None = None

    def takes(self, time_s: float) -> bool:
        """Whether the frame of this time is wanted.

        Example:
            >>> limiter = FrameRateLimiter(10.0)
            >>> [limiter.takes(time_s) for time_s in (0.0, 0.04, 0.08, 0.12, 0.16, 0.20)]
            [True, False, True, False, False, True]
        """
        due_s, period_s = self._due_s, self._period_s
        if due_s is None or not -2 * period_s < time_s - due_s < period_s:
            due_s = time_s  # the first one, or one after a hole
        elif time_s < due_s - _EARLY * period_s:
            return False
        self._due_s = due_s + period_s
        return True

    def reset(self) -> None:
        """Take the next frame."""
        self._due_s = None


class Pace:
    """Counts the frame times of a scene between the frames that are scored.

    Args:
        fps: Frames a second of the footage that the scene was learnt from.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._before: Frame | None = None

    def reset(self) -> None:
        """Take the next frame for the first."""
        self._before = None

    def steps(self, frame: Frame) -> float | None:
        """Frame times between the frame before and this one; None across a cut or a hole.

        Example:
            >>> import numpy as np
            >>> picture, pace = np.zeros((1, 1, 3), np.uint8), Pace(fps=10.0)
            >>> [pace.steps(Frame(picture, at, at / 5)) for at in (0, 1, 9)]
            [None, 2.0, None]
        """
        before, self._before = self._before, frame
        if before is None or before.take != frame.take:
            return None
        steps = (frame.time_s - before.time_s) * self._fps
        whole = round(steps)
        if whole and abs(steps - whole) <= _SAME:
            steps = float(whole)
        return steps if 0 < steps <= LONGEST_STEP else None


def at_pace(frames: Iterable[Frame], fps: float) -> Iterator[Paced]:
    """Hand out the frames that a scene of this rate looks at, and the time between them.

    Frames that come faster are dropped; a source need not even convert those left out.

    Args:
        frames: A source, or any frames in the order of their time.
        fps: Frames a second of the scene.
    """
    play, pace = getattr(frames, "play", None), Pace(fps)
    for frame in play(fps) if play else limit_rate(frames, fps):
        yield Paced(frame, pace.steps(frame))


def watched_s(times_s: Sequence[float], fps: float) -> float:
    """How long a scene of this rate was watched, holes left out.

    Args:
        times_s: Of the frames that were scored, in order, s.
        fps: Frames a second of the scene.

    Example:
        >>> round(watched_s([0.0, 0.1, 0.2, 60.2, 60.3], fps=10.0), 3)
        0.5
    """
    longest_s = LONGEST_STEP / fps
    gaps = (after - before for before, after in pairwise(times_s))
    seconds = sum(gap if 0 < gap <= longest_s else 1 / fps for gap in gaps)
    return seconds + (1 / fps if times_s else 0.0)


def scored_of(length: int | None, source_fps: float, fps: float) -> int | None:
    """About how many of a source's frames a scene of this rate looks at."""
    return None if length is None else max(1, round(length * min(1.0, fps / source_fps)))


def limit_rate(frames: Iterable[Frame], fps: float | None) -> Iterator[Frame]:
    """Leave out the frames that come faster than is wanted.

    Args:
        frames: In the order of their time.
        fps: Frames a second that are wanted; all when None.
    """
    limiter, take = FrameRateLimiter(fps), None
    for frame in frames:
        if frame.take != take:
            limiter.reset()
            take = frame.take
        if limiter.takes(frame.time_s):
            yield frame
