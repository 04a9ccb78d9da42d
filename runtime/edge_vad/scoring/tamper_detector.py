"""Whether a camera still shows its scene, or is covered or moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from edge_vad.camera_state import CameraState
from edge_vad.opencv import cv2
from edge_vad.preprocessing.background_picture import decode_background, small_grey
from edge_vad.preprocessing.regions import Regions, covered

_SAMPLE_EVERY_S = 0.25
"""Between two looks at the picture."""
_COMPARE_EVERY_S = 1.0
_LEARN_S = 30.0
_PRESENT_S = 4.0
"""Time constant of the present: who walks by is averaged away."""
_FOLLOW_S = 1200.0
"""Time constant at which the reference follows, so that shadows and dusk do not add up."""
_CONTRAST = 4.0
"""Gradient, of grey levels by Sobel's filter, at which an edge counts half."""
_LEAST_STRUCTURE = 0.02
_GONE_BELOW, _BACK_ABOVE = 0.4, 0.5
_DARK_BELOW = 0.25
"""Edges this weak, of those there were, show nothing, whichever way they point."""
_COVERED_BELOW = 0.75
"""Of a scene that is gone: another one has edges as strong."""
_BLACK, _WHITE = 8.0, 247.0
_MOST_CLIPPED = 0.4
_REACH = np.ones((11, 11), np.uint8)
"""How far the edge of a region that is painted over is seen."""

Field = NDArray[np.float32]


class TamperDetector:
    """Compares the edges of the slow background with those of the empty scene.

    The scene's own empty pictures are known from training, and a camera that shows another scene is
    told at its first picture. Without them the camera's first half minute stands in. Of the edges
    only the direction counts, so light that changes leaves the match as it is; people
    are not in the slow background. A scene without edges is never distinguished from another.

    Args:
        after_s: Seconds that the scene must be gone before it counts; 0 is never.
        empty: The scene's background pictures, as
            `edge_vad.preprocessing.background_picture` encodes them.
        ignored: Regions that are painted over: their edges do not count.

    Attributes:
        match: How alike the edges are, -1 to 1; 1 before the scene is learnt.
    """

    def __init__(self, after_s: float, empty: Sequence[bytes] = (), ignored: Regions = ()) -> None:
        self.match = 1.0
        self.state = CameraState.LIVE
        self._after_s, self._ignored = after_s, ignored
        self._present: Field | None = None
        self._references = [decode_background(each) for each in empty]
        self._learnt_s = _LEARN_S if empty else 0.0
        self._is_sure = not empty
        """Whether the scene was ever seen, or taken for granted."""
        self._sampled_s = self._compared_s = -math.inf
        self._suspect_s: float | None = None

    def forget_present(self) -> None:
        """After a gap the camera may show something else at once."""
        self._present = None

    def update(self, image: NDArray[np.uint8], now_s: float) -> CameraState:
        """Take the next frame; says `LIVE`, `COVERED` or `MOVED`.

        Args:
            image: uint8, (height, width, 3).
            now_s: When it was taken.
        """
        passed = now_s - self._sampled_s
        if not self._after_s or 0 <= passed < _SAMPLE_EVERY_S:
            return self.state
        self._sampled_s = now_s
        self._sample(image, min(max(passed, 0.0), 1.0))
        if not 0 <= now_s - self._compared_s < _COMPARE_EVERY_S and self._learnt_s >= _LEARN_S:
            self._compared_s = now_s
            self._decide(now_s)
        return self.state

    def _sample(self, image: NDArray[np.uint8], passed_s: float) -> None:
        grey = small_grey(image)
        if self._present is None:
            self._present = grey
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
        compared = [self._compared(each, self._present) for each in self._references]
        self.match, strength = best = max(compared)
        nearest = self._references[compared.index(best)]
        enough = _GONE_BELOW if self.state is CameraState.LIVE else _BACK_ABOVE
        is_seen = strength >= _DARK_BELOW and clipped(nearest, self._present) <= _MOST_CLIPPED
        if self.match >= enough and is_seen:
            self._suspect_s, self.state, self._is_sure = None, CameraState.LIVE, True
            cv2.accumulateWeighted(self._present, nearest, _COMPARE_EVERY_S / _FOLLOW_S)
            return
        if self._suspect_s is None:
            self._suspect_s = now_s
        if not self._is_sure or now_s - self._suspect_s >= self._after_s:
            covered = strength < _COVERED_BELOW or self.match >= enough
            self.state = CameraState.COVERED if covered else CameraState.MOVED

    def _compared(self, reference: Field, present: Field) -> tuple[float, float]:
        """Match and strength; a scene of another shape is another one."""
        if reference.shape != present.shape:
            return -1.0, 1.0
        return compare(reference, present, self._counts(*present.shape))

    def _counts(self, rows: int, columns: int) -> Field | None:
        """1 where edges count, 0 where they are of regions; None where all do."""
        if not self._ignored:
            return None
        painted = cv2.dilate(covered(self._ignored, rows, columns), _REACH)
        return np.subtract(1, painted, dtype=np.float32)


def clipped(reference: Field, present: Field) -> float:
    """The share of what is neither black nor white in a scene that now is: there nothing is seen.

    Args:
        reference: float32, (rows, columns), grey levels.
        present: The same; of another shape, nothing is decided.
    """
    if reference.shape != present.shape:
        return 0.0
    usual = (reference > 3 * _BLACK) & (reference < 3 * _WHITE - 2 * 255)
    lost = usual & ((present <= _BLACK) | (present >= _WHITE))
    return float(lost.sum()) / max(1, int(usual.sum()))


def compare(reference: Field, present: Field, counts: Field | None = None) -> tuple[float, float]:
    """How alike the edges of two grey pictures are, and how strong those of the second are.

    Args:
        reference: float32, (rows, columns), grey levels.
        present: The same.
        counts: How much each place counts, 0 to 1; all alike when None.

    Returns:
        The mean cosine between the gradients where the reference has edges, -1 to 1, and the mean
        magnitude of the present's over the reference's. Both are 1 where there are no edges.
    """
    counts = np.ones_like(reference) if counts is None else counts
    x, y, weight = (each * counts for each in _edges(reference))
    now_x, now_y, now_weight = _edges(present)
    whole = float(weight.sum())
    if whole < _LEAST_STRUCTURE * float(counts.sum()) or not whole:
        return 1.0, 1.0
    # A weak edge that points the right way is seen; noise points anywhere and cancels out.
    alike = (x * now_x + y * now_y) / np.maximum(now_weight, 0.1)
    return float(alike.sum()) / whole, float((weight * now_weight).sum() / np.square(weight).sum())


def _edges(grey: Field) -> tuple[Field, Field, Field]:
    """Gradients with their magnitude squeezed into 0 to 1, and that magnitude."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    magnitude = cv2.magnitude(x, y)
    squeezed = 1 / (magnitude + _CONTRAST)
    return (  # OpenCV keeps float32, which its types do not tell
        cast("Field", x * squeezed),
        cast("Field", y * squeezed),
        cast("Field", magnitude * squeezed),
    )
