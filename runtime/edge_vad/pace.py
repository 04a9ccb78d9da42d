"""How much time lies between two frames, in frame times of the scene."""

from __future__ import annotations

_LONGEST_S = 1.0
_SAME_RATE = 0.15


class Pace:
    """Counts the frame times between the frames that are scored.

    By frame numbers and not by the time of their arrival: a network delivers frames in bursts.

    Args:
        fps: Frames a second of the footage that the scene was learnt from.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._index: int | None = None

    def reset(self) -> None:
        """Take the next frame for the first."""
        self._index = None

    def steps(self, index: int, source_fps: float | None) -> float | None:
        """Frame times of the scene between the frame before and this one; None across a gap.

        Args:
            index: Number of the frame.
            source_fps: Frames a second of a live source, whose numbers tell which were dropped.
                None for a recording: there a number left out is a gap.

        Example:
            >>> pace = Pace(fps=10.0)
            >>> pace.steps(7, 30.0), pace.steps(13, 30.0)
            (None, 2.0)
        """
        before, self._index = self._index, index
        if before is None or index <= before:
            return None
        if source_fps is None:
            return 1.0 if index == before + 1 else None
        if (index - before) / source_fps > _LONGEST_S:
            return None
        ratio = self._fps / source_fps
        return (index - before) * (1.0 if abs(ratio - 1) < _SAME_RATE else ratio)
