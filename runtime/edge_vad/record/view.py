"""What a camera shows while it is recorded, judged on key frames: is it worth learning from?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from edge_vad.camera_state import CameraState
from edge_vad.live.freeze_detector import FreezeDetector
from edge_vad.opencv import cv2
from edge_vad.record.samples import Image
from edge_vad.scoring.tamper_detector import TamperDetector

_LOOK_S = 1.0
"""Between two looks, at least."""
_WIDTH = 320
"""Columns of the pictures that are compared."""
_FROZEN_S, _CHANGED_S = 20.0, 10.0
_DARK = 40.0
"""Grey level that nine tenths of a dark picture stay below."""
_MOVED_LEVELS, _MOVED_SHARE = 14.0, 5e-4
"""A change by so many grey levels, in so much of the small picture, is more than noise."""
_QUARTERS_ALIKE, _ALIKE = 3, 0.5
"""Quarters of the picture that shift alike, give or take so many px, if the camera moves."""
_SHIFT = 0.0025
"""Share of the width by which they do, at least."""
_OFTEN = 0.2
"""Share of the looks in which something must be so, to be said of the minute."""


class MinuteView(str, Enum):
    """What a minute of footage shows; the first that holds."""

    NO_SIGNAL = "no signal"
    DARK = "too dark"
    FROZEN = "the picture is frozen"
    COVERED = "the camera is covered or out of focus"
    TURNED = "the camera shows another scene than at first"
    SHAKES = "the camera moves"
    STILL = "nothing moves"
    MOVES = "something moves"
    UNSEEN = "no whole picture was seen"

    def __str__(self) -> str:
        return self.value


@dataclass(slots=True)
class _Counts:
    """Looks of the present minute, and in how many of them something was so."""

    looks: int = 0
    dark: int = 0
    frozen: int = 0
    covered: int = 0
    turned: int = 0
    shakes: int = 0
    moves: int = 0


class ViewCheck:
    """Looks at one camera's key frames, and sums up every minute.

    Brightness is judged by itself; whether the scene is still the one of the beginning as in a
    live run; motion, of what is seen or of the camera, by what changed since the look before.
    """

    def __init__(self) -> None:
        self._counts = _Counts()
        self._before: NDArray[np.float32] | None = None
        self._looked_s: float | None = None
        self._frozen = FreezeDetector(_FROZEN_S)
        self._tamper = TamperDetector(_CHANGED_S)
        self._shape: tuple[int, ...] = ()

    @property
    def has_looked(self) -> bool:
        """Whether there is something to say."""
        return self._counts.looks > 0

    def is_due(self, time_s: float) -> bool:
        """Whether a picture of this time is to be looked at."""
        return self._looked_s is None or not 0 <= time_s - self._looked_s < _LOOK_S

    def interrupt(self) -> None:
        """The next picture does not follow the one before."""
        self._before = self._looked_s = None
        self._tamper.forget_present()

    def look(self, image: Image, time_s: float) -> None:
        """Look at the next picture.

        Args:
            image: uint8, (height, width, 3), blue-green-red.
            time_s: When it was taken.
        """
        self._looked_s = time_s
        grey, counts = _grey(image), self._counts
        if grey.shape != self._shape:  # a camera that was set otherwise is another one
            self._shape, self._tamper = grey.shape, TamperDetector(_CHANGED_S)
        self._tamper.update(image, time_s)
        counts.looks += 1
        counts.dark += float(np.percentile(grey, 90)) < _DARK
        counts.frozen += self._frozen.is_frozen(image, time_s)
        counts.covered += self._tamper.state is CameraState.COVERED
        counts.turned += self._tamper.state is CameraState.MOVED
        if self._before is not None and self._before.shape == grey.shape:
            counts.shakes += has_shifted(self._before, grey)
            counts.moves += has_moved(self._before, grey)
        self._before = grey

    def minute(self, lost_s: float) -> MinuteView:
        """What was seen since the last time this was asked.

        Args:
            lost_s: Seconds without signal in that time.
        """
        counts, self._counts = self._counts, _Counts()
        if not counts.looks:
            return MinuteView.NO_SIGNAL if lost_s else MinuteView.UNSEEN
        enough = max(1.0, _OFTEN * counts.looks)
        often = {
            MinuteView.DARK: counts.dark,
            MinuteView.FROZEN: counts.frozen,
            MinuteView.COVERED: counts.covered,
            MinuteView.TURNED: counts.turned,
            MinuteView.SHAKES: counts.shakes,
        }
        found = next((view for view, count in often.items() if count >= enough), None)
        return found or (MinuteView.MOVES if counts.moves else MinuteView.STILL)


def _grey(image: Image) -> NDArray[np.float32]:
    """Grey levels, float32, (rows, `_WIDTH`)."""
    rows, columns = image.shape[:2]
    size = (_WIDTH, max(16, round(_WIDTH * rows / columns)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)


def has_shifted(before: NDArray[np.float32], now: NDArray[np.float32]) -> bool:
    """Whether the camera moved between two pictures: most quarters of it shift alike.

    What is seen may fill the picture and move, too, but not so evenly.

    Args:
        before: float32, (rows, columns), grey levels.
        now: The same, of the same shape.
    """
    shifts = np.array([_shift(*pair) for pair in zip(_quarters(before), _quarters(now))])  # noqa: B905
    middle = np.median(shifts, axis=0)
    alike = np.hypot(*(shifts - middle).T) < _ALIKE
    is_shift = float(np.hypot(*middle)) >= _SHIFT * now.shape[1]
    return is_shift and int(alike.sum()) >= _QUARTERS_ALIKE


def _shift(before: NDArray[np.float32], now: NDArray[np.float32]) -> tuple[float, float]:
    window = cv2.createHanningWindow(now.shape[::-1], cv2.CV_32F)
    across, down = cv2.phaseCorrelate(before, now, window)[0]
    return across, down


def _quarters(grey: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    rows, columns = grey.shape[0] // 2, grey.shape[1] // 2
    corners = [(top, left) for top in (0, rows) for left in (0, columns)]
    return [grey[y : y + rows, x : x + columns].copy() for y, x in corners]


def has_moved(before: NDArray[np.float32], now: NDArray[np.float32]) -> bool:
    """Whether something moved between two pictures, whatever the light and the noise.

    Args:
        before: float32, (rows, columns), grey levels.
        now: The same, of the same shape.
    """
    difference = now - before
    difference -= np.median(difference)
    return float((np.abs(difference) >= _MOVED_LEVELS).mean()) >= _MOVED_SHARE
