"""Finds what stands still and does not belong to the scene, such as a bag that was left behind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge_vad.detection import Box, Detection
from edge_vad.frame import Frame
from edge_vad.opencv import cv2
from edge_vad.preprocessing.background_picture import decode_background, small_grey
from edge_vad.preprocessing.regions import Polygon, covered
from edge_vad.scene_model import SceneCard

_SAMPLED_S = 0.5
_LONGEST_STEP_S = 1.0
"""Of time between two pictures: what happened in a hole of the recording is not known."""

STANDS_S = 8.0
"""People who wait for a moment stand for less."""

_FOREGROUND = 20.0
"""Grey levels between a pixel and all of the background around it."""

_STILL = 10.0
"""Grey levels by which what stands still changes at most between two pictures."""

_PASSING = 0.06
"""Change of a picture's mean that people make who come by, a share."""

_SMALLEST = 12
"""Pixels of the small picture."""

_LARGEST = 0.1
"""Share of the picture from which on it is the light that has changed, and no object."""

_AROUND = np.ones((3, 3), np.uint8)

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class StationaryObject:
    """Something that stands still.

    Attributes:
        frame: The first frame in which it had stood for long enough.
        score: Of that frame.
        box: Where it stands, px of the source's frames.
        seconds: For how long it has stood so far.
    """

    frame: Frame
    score: float
    box: Box
    seconds: float


@dataclass(frozen=True, slots=True)
class _Background:
    """A background picture: its mean, and what it has around each pixel, grey levels."""

    mean: float
    darkest: Grey
    brightest: Grey

    @classmethod
    def of(cls, picture: Grey) -> _Background:
        darkest, brightest = cv2.erode(picture, _AROUND), cv2.dilate(picture, _AROUND)
        return cls(float(picture.mean()), np.asarray(darkest), np.asarray(brightest))

    def beside(self, grey: Grey) -> Grey:
        """Grey levels between a picture and all that the background has around each pixel."""
        change = self.mean / max(float(grey.mean()), 1.0) - 1
        matched = grey * np.float32(1 + change - np.clip(change, -_PASSING, _PASSING))
        return np.asarray(np.maximum(matched - self.brightest, self.darkest - matched), np.float32)


class StationaryForeground:
    """Foreground that does not move, pixel by pixel, on two small pictures a second.

    The energies of a scene are about what moves, and let go of what covers a cell or two and stands
    still. This is the classic rule for abandoned objects instead. It raises no alarm: furniture
    that was moved stands still as well.

    Args:
        card: The scene, with its background pictures; without any nothing is found.
        ignore: Regions in which nothing counts, besides those of the scene, px of the frames.

    Attributes:
        longest: What has stood the longest; None if nothing has stood for long enough.
    """

    def __init__(self, card: SceneCard, ignore: Sequence[Polygon] = ()) -> None:
        self.longest: StationaryObject | None = None
        self._card, self._ignore = card, tuple(ignore)
        self._backgrounds = [_Background.of(decode_background(each)) for each in card.empty]
        self._sampled_s = -math.inf
        self._before: Grey | None = None
        self._stood_s: Grey | None = None

    def update(self, detection: Detection) -> None:
        """Take the next frame; all but two a second are passed over."""
        passed = detection.frame.time_s - self._sampled_s
        if not self._backgrounds or 0 <= passed < _SAMPLED_S:
            return
        self._sampled_s = detection.frame.time_s
        grey = small_grey(detection.frame.image)
        if grey.shape != self._backgrounds[0].darkest.shape:  # the size of another camera
            return
        if self._before is not None:
            self._count(grey, self._before, min(abs(passed), _LONGEST_STEP_S))
            self._find(detection)
        self._before = grey

    def _count(self, grey: Grey, before: Grey, passed_s: float) -> None:
        """How long each pixel has stood; somebody who passes before it takes little of that."""
        stands = self._foreground(grey) & (np.abs(grey - before) <= _STILL)
        stood_s = np.zeros_like(grey) if self._stood_s is None else self._stood_s
        longer, shorter = stood_s + passed_s, np.maximum(stood_s - 2 * passed_s, 0)
        self._stood_s = np.where(stands, longer, shorter)

    def _foreground(self, grey: Grey) -> Mask:
        """What differs from all of the background around it, in the light that it is most like."""
        return min((each.beside(grey) for each in self._backgrounds), key=np.mean) > _FOREGROUND

    def _find(self, detection: Detection) -> None:
        assert self._stood_s is not None  # noqa: S101 - it was just counted
        stands = self._stood_s >= STANDS_S
        if stands.any():
            stands &= ~self._ignored(detection)
        if not stands.any() or stands.mean() > _LARGEST:
            return
        labels = cv2.connectedComponents(cv2.dilate(stands.astype(np.uint8), _AROUND))[1]
        sizes = np.bincount(labels[stands])
        for label in np.flatnonzero(sizes >= _SMALLEST):
            self._compare(stands & (labels == label), self._stood_s, detection)

    def _compare(self, place: Mask, stood_s: Grey, detection: Detection) -> None:
        seconds, longest = float(stood_s[place].max()), self.longest
        if longest and seconds <= longest.seconds:
            return
        box = _box(place, *detection.frame.image.shape[:2])
        if longest and _overlap(box, longest.box):
            self.longest = replace(longest, seconds=seconds)
        else:
            frame = replace(detection.frame, image=detection.frame.image.copy())
            self.longest = StationaryObject(frame, detection.score, box, seconds)

    def _ignored(self, detection: Detection) -> Mask:
        height, width = detection.frame.image.shape[:2]
        said = tuple(tuple((x / width, y / height) for x, y in each) for each in self._ignore)
        regions = self._card.ignored + said
        return covered(regions, *self._backgrounds[0].darkest.shape).astype(bool)


def _box(place: Mask, height: int, width: int) -> Box:
    """The box of pixels of the small picture, px of the source's frames."""
    rows, columns = np.nonzero(place)
    down, across = height / place.shape[0], width / place.shape[1]
    top, left = int(rows.min() * down), int(columns.min() * across)
    bottom, right = math.ceil((rows.max() + 1) * down), math.ceil((columns.max() + 1) * across)
    return Box(left, top, right - left, bottom - top)


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )
