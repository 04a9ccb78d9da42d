"""Where a scene has lost its detail: a lens that is out of focus, fogged, greasy or frosted."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from edge_vad.opencv import cv2
from edge_vad.scoring.edge_match import Field, blur, gradients

_TILES = (6, 8)
"""Rows and columns of tiles that are judged by themselves: frost covers a part of the lens."""
_COARSE = 2.5
"""Standard deviation of the blur that leaves the coarse edges, px of half the picture."""
_REACH = np.ones((7, 7), np.uint8)
"""How far an edge may move, as by a shaking mast, and still is looked for, px."""
_LEAST_EDGE = 64.0
"""Energy of fine edges from which on a tile tells anything: gradients of eight grey levels."""
_FEWEST_TILES = 6
_NOISE = 1.0
"""Energy that edges have of themselves."""
_BLURRED = 0.6
"""Share of its sharpness up to which a tile is blurred."""
_ALIKE = 0.3
"""Cosine of the coarse gradients from which on a tile still shows the scene, though blurred: what
stands before the scene is not taken for a blur."""


class _Detail(NamedTuple):
    """Energies of a picture's edges.

    Attributes:
        fine: float32, (rows, columns): of all edges.
        x: Coarse gradients, float32, (rows / 2, columns / 2).
        y: The same.
    """

    fine: Field
    x: Field
    y: Field


class Sharpness:
    """What is seen of a scene's detail, by the empty picture of the scene.

    The sharpness of a tile is the energy of its fine edges over that of its coarse ones. Both rise
    and fall with the light alike; a blur takes the fine ones first.

    Args:
        empty: float32, (rows, columns), grey levels.
        counts: How much each place counts, 0 to 1; all alike when None.
    """

    def __init__(self, empty: Field, counts: Field | None = None) -> None:
        detail = self._detail = _detail(empty)
        weight = cast("Field", cv2.dilate(detail.fine, _REACH))
        self._weight: Field = weight if counts is None else weight * counts
        self._half = _halved(self._weight)
        self._whole = _tiles(self._weight) + 1e-3
        self._fine = self._mean(self._weight * detail.fine)
        self._coarse = self._mean(self._half * (detail.x**2 + detail.y**2))
        self._tells = self._fine > _LEAST_EDGE

    def blurred(self, present: Field) -> float:
        """The share of tiles in which the scene is seen, and its detail is not.

        Args:
            present: float32, (rows, columns) as the empty picture's, grey levels.

        Returns:
            0 to 1; 0 where the empty picture has too little detail to tell.
        """
        if np.count_nonzero(self._tells) < _FEWEST_TILES:
            return 0.0
        own, now = self._detail, _detail(present)
        fine = self._mean(self._weight * now.fine)
        coarse = self._mean(self._half * (now.x * now.x + now.y * now.y))
        dots = self._mean(self._half * (now.x * own.x + now.y * own.y))
        is_blurred = _ratio(fine, coarse) < _BLURRED**2 * _ratio(self._fine, self._coarse)
        is_scene = dots > _ALIKE * np.sqrt((coarse + _NOISE) * (self._coarse + _NOISE))
        return float((is_blurred & is_scene)[self._tells].mean())

    def _mean(self, weighted: Field) -> Field:
        mean: Field = _tiles(weighted) / self._whole
        return mean


def _ratio(fine: Field, coarse: Field) -> Field:
    ratio: Field = (fine + _NOISE) / (coarse + _NOISE)
    return ratio


def _detail(grey: Field) -> _Detail:
    x, y = gradients(grey)
    return _Detail(x * x + y * y, *gradients(blur(_halved(grey), _COARSE)))


def _halved(grey: Field) -> Field:
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return cast("Field", half)


def _tiles(field: Field) -> Field:
    """Mean of every tile; what the tiles leave over at the borders is left out."""
    rows, columns = (side // tiles for side, tiles in zip(field.shape, _TILES, strict=True))
    cropped = field[: rows * _TILES[0], : columns * _TILES[1]]
    tiles = cropped.reshape(_TILES[0], rows, _TILES[1], columns)
    mean: Field = tiles.sum(3).sum(1) / (rows * columns)
    return mean
