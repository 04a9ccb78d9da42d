"""How alike two pictures of a scene are: by the directions of their edges, whatever the light."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from edge_vad.opencv import cv2

_CONTRAST = 4.0
"""Gradient, of grey levels by Sobel's filter, at which an edge counts half."""
_LEAST_STRUCTURE = 0.02
_BLACK, _WHITE = 8.0, 247.0

Field = NDArray[np.float32]


class Match(NamedTuple):
    """How a picture compares with an empty picture of the scene.

    Attributes:
        alike: The mean cosine between the gradients where the empty picture has edges, -1 to 1.
        strength: The mean magnitude of the picture's edges over that of the empty picture's.
    """

    alike: float
    strength: float


SAME, OTHER = Match(1.0, 1.0), Match(-1.0, 1.0)


class Edges(NamedTuple):
    """Gradients of a picture, with their magnitude squeezed into 0 to 1.

    Attributes:
        x: float32, (rows, columns).
        y: The same.
        magnitude: The same, of `x` and `y`.
    """

    x: Field
    y: Field
    magnitude: Field

    @classmethod
    def of(cls, grey: Field, counts: Field | None = None) -> Edges:
        """The edges of a picture.

        Args:
            grey: float32, (rows, columns), grey levels.
            counts: How much each place counts, 0 to 1; all alike when None.
        """
        x, y = gradients(blur(grey, 1.0))
        magnitude = cv2.magnitude(x, y)
        scale = 1 / (magnitude + _CONTRAST)
        if counts is not None:
            scale *= counts
        x, y, squeezed = (cast("Field", each * scale) for each in (x, y, magnitude))
        return cls(x, y, squeezed)

    def match(self, present: Edges, counted: float) -> Match:
        """Compare a picture with this one; they are the same where this one has no edges.

        Args:
            present: Its edges.
            counted: How many places count.
        """
        whole = float(self.magnitude.sum())
        if whole < _LEAST_STRUCTURE * counted or not whole:
            return SAME
        # A weak edge that points the right way is seen; noise points anywhere and cancels out.
        dots = self.x * present.x + self.y * present.y
        alike = float((dots / np.maximum(present.magnitude, 0.1)).sum()) / whole
        both, own = (
            float(np.vdot(self.magnitude, each)) for each in (present.magnitude, self.magnitude)
        )
        return Match(alike, both / own)


def blur(grey: Field, sigma: float) -> Field:
    """A picture behind a Gaussian blur of this standard deviation, px."""
    return cast("Field", cv2.GaussianBlur(grey, (0, 0), sigma))


def gradients(grey: Field) -> tuple[Field, Field]:
    """Gradients to the right and down, by Sobel's filter; float32, (rows, columns)."""
    x, y = (cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    return cast("Field", x), cast("Field", y)  # OpenCV keeps float32, which its types do not tell


def compare(reference: Field, present: Field, counts: Field | None = None) -> Match:
    """Compare two grey pictures; one of another shape is of another scene.

    Args:
        reference: float32, (rows, columns), grey levels.
        present: The same.
        counts: How much each place counts, 0 to 1; all alike when None.
    """
    if reference.shape != present.shape:
        return OTHER
    counted = float(present.size if counts is None else counts.sum())
    return Edges.of(reference, counts).match(Edges.of(present), counted)


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
    return float(np.count_nonzero(lost)) / max(1, int(np.count_nonzero(usual)))
