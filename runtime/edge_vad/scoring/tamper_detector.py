"""Whether a camera still shows its scene, or is covered or moved."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_vad.camera_state import CameraState
from edge_vad.opencv import cv2
from edge_vad.preprocessing.background_picture import decode_background, small_grey
from edge_vad.preprocessing.regions import Regions, covered
from edge_vad.scoring.edge_match import Field, clipped, compare
from edge_vad.scoring.scene_view import (
    COVERED_BELOW,
    DARK_BELOW,
    MOST_CLIPPED,
    EmptyPicture,
    SceneView,
)

_SAMPLE_EVERY_S = 0.25
"""Between two pictures that the present is made of."""
_COMPARE_EVERY_S = 1.0
_LEARN_S = 30.0
_PRESENT_S = 4.0
"""Time constant of the present: who walks by is averaged away."""
_FOLLOW_S = 1200.0
"""Time constant at which the reference follows, so that shadows and dusk do not add up."""
_GONE_BELOW, _BACK_ABOVE = 0.4, 0.5
_REACH = np.ones((11, 11), np.uint8)
"""How far the edge of a region that is painted over is seen."""


class TamperDetector:
    """Compares the edges of what a camera shows with those of the empty scene.

    The scene's own empty pictures are known from training, and a camera that shows another scene is
    told at its first picture. Without them the camera's first half minute stands in. Of the edges
    only the direction counts, so light that changes leaves the match as it is. A scene without
    edges is never distinguished from another.

    A single picture that does not show the scene is not to be judged. The state of the camera
    changes when that lasts, or when the slow background, which people are not in, is another.

    Args:
        after_s: Seconds that the scene must be gone before it counts; 0 is never.
        empty: The scene's background pictures, as
            `edge_vad.preprocessing.background_picture` encodes them.
        ignored: Regions that are painted over: their edges do not count.

    Attributes:
        match: How alike the edges are, -1 to 1; 1 before the scene is learnt.
        state: What the camera is: `LIVE`, `COVERED` or `MOVED`.
    """

    def __init__(self, after_s: float, empty: Sequence[bytes] = (), ignored: Regions = ()) -> None:
        self.match = 1.0
        self.state = CameraState.LIVE
        self._after_s, self._ignored = after_s, ignored
        self._present: Field | None = None
        self._references = [decode_background(each) for each in empty]
        self._learnt_s = _LEARN_S if empty else 0.0
        self._view: SceneView | None = None
        self._is_sure = not empty
        """Whether the scene was ever seen, or taken for granted."""
        self._sampled_s = self._compared_s = -math.inf
        self._suspect_s: float | None = None

    def forget_present(self) -> None:
        """After a gap the camera may show something else at once."""
        self._present = None

    def update(self, image: NDArray[np.uint8], now_s: float) -> CameraState:
        """Take the next picture.

        Args:
            image: uint8, (height, width, 3).
            now_s: When it was taken.

        Returns:
            What this picture is: `LIVE`, `COVERED` or `MOVED`; while the camera is covered or
            moved, that.
        """
        if not self._after_s:
            return self.state
        grey, passed = small_grey(image), now_s - self._sampled_s
        has_turned = self._look(grey)
        if has_turned:
            self._present = None
        if has_turned or not 0 <= passed < _SAMPLE_EVERY_S:
            self._sampled_s = now_s
            self._sample(grey, min(max(passed, 0.0), 1.0))
            if not 0 <= now_s - self._compared_s < _COMPARE_EVERY_S and self._view:
                self._compared_s = now_s
                self._decide(now_s)
        return self.state if self.state is not CameraState.LIVE else self._seen

    @property
    def _seen(self) -> CameraState:
        """What the last picture is."""
        return self._view.state if self._view else CameraState.LIVE

    def _look(self, grey: Field) -> bool:
        """Look at a picture by itself; says whether it is seen otherwise than the one before."""
        if self._view is None and self._learnt_s >= _LEARN_S:
            pictures = [EmptyPicture(each, self._counts(*each.shape)) for each in self._references]
            self._view = SceneView(pictures)
        if self._view is None:
            return False
        before = self._view.state
        return self._view.update(grey, self.match) is not before

    def _sample(self, grey: Field, passed_s: float) -> None:
        if self._present is None or self._present.shape != grey.shape:
            self._present = grey.copy()
        cv2.accumulateWeighted(grey, self._present, 1 - math.exp(-passed_s / _PRESENT_S))
        if self._learnt_s < _LEARN_S:
            self._learn(grey, passed_s)

    def _learn(self, grey: Field, passed_s: float) -> None:
        """The mean of the first half minute."""
        if not self._references:
            self._references = [grey.copy()]
            return
        self._learnt_s += passed_s
        cv2.accumulateWeighted(
            grey, self._references[0], passed_s / (self._learnt_s + _SAMPLE_EVERY_S)
        )

    def _decide(self, now_s: float) -> None:
        assert self._present is not None  # noqa: S101 - it was just looked at
        present = self._present
        counts = self._counts(*present.shape)
        compared = [compare(each, present, counts) for each in self._references]
        match, strength = best = max(compared)
        number = compared.index(best)
        nearest = self._references[number]
        enough = _GONE_BELOW if self.state is CameraState.LIVE else _BACK_ABOVE
        is_seen = strength >= DARK_BELOW and clipped(nearest, present) <= MOST_CLIPPED
        if match >= enough and is_seen and self._seen is CameraState.LIVE:
            self._suspect_s, self.state, self._is_sure = None, CameraState.LIVE, True
            self.match = match
            cv2.accumulateWeighted(present, nearest, _COMPARE_EVERY_S / _FOLLOW_S)
            assert self._view  # noqa: S101 - or nothing would be decided
            self._view.follow(number, nearest)
            return
        if self._suspect_s is None:
            self._suspect_s = now_s
        if not self._is_sure or now_s - self._suspect_s >= self._after_s:
            is_covered = strength < COVERED_BELOW or match >= enough
            is_covered = is_covered or self._seen is CameraState.COVERED
            self.state = CameraState.COVERED if is_covered else CameraState.MOVED

    def _counts(self, rows: int, columns: int) -> Field | None:
        """1 where edges count, 0 where they are of regions; None where all do."""
        if not self._ignored:
            return None
        painted = cv2.dilate(covered(self._ignored, rows, columns), _REACH)
        return np.subtract(1, painted, dtype=np.float32)
