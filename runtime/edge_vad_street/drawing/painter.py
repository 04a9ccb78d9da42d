"""Puts drawings into the picture, smoothly and with exact visible masks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_vad_street.drawing.shapes import Drawing, Shadow

Canvas = NDArray[np.float32]

_SHIFT = 4
_GRAIN_SIDE = 1024


@dataclass(frozen=True)
class Patch:
    """A painted thing, ready to be laid over the picture.

    Attributes:
        rows: Where it lies in the picture.
        columns: The same.
        colour: float32 (h, w, 3), already multiplied by how much of each pixel it covers.
        cover: float32 (h, w, 1), how much of each pixel it covers, 0 to 1.
    """

    rows: slice
    columns: slice
    colour: Canvas
    cover: Canvas

    def lay(self, picture: Canvas) -> None:
        """Lay it over the picture, (H, W, 3), in place."""
        window = picture[self.rows, self.columns]
        window *= 1.0 - self.cover
        window += self.colour

    def reveal(self, visible: Canvas, belongs: bool) -> None:
        """Follow how much of each pixel, (H, W), shows what is asked for, in place."""
        window = visible[self.rows, self.columns]
        window *= 1.0 - self.cover[..., 0]
        if belongs:
            window += self.cover[..., 0]


class Painter:
    """Paints drawings into pictures of one size.

    Each drawing is filled on a finer grid and averaged down, which places edges to a fraction
    of a pixel: optical flow needs motion smaller than a pixel to be seen.

    Args:
        width: Of the picture, px.
        height: The same.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = np.array([width, height])
        self._finer = 4 if height <= 480 else 2
        self._cloth = _grain(self._finer, 0.75)
        self._paint = _grain(self._finer, 0.25)

    def paint(self, drawing: Drawing) -> Patch | None:
        """Paint a drawing, or None where it lies outside the picture."""
        points = np.concatenate([shape.points for shape in drawing.shapes])
        margin = 1.0 + max(shape.stroke_px for shape in drawing.shapes)
        low = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int)
        high = np.minimum(np.ceil(points.max(axis=0) + margin) + 1, self._size).astype(int)
        width, height = (high - low).tolist()
        if width <= 0 or height <= 0:
            return None
        fine = np.zeros((height * self._finer, width * self._finer, 4), np.uint8)
        self._fill(fine, drawing, points, low)
        self._wear(fine, drawing, low)
        coarse = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
        painted = coarse.astype(np.float32)
        return Patch(
            slice(low[1], high[1]),
            slice(low[0], high[0]),
            painted[..., :3],
            painted[..., 3:] * np.float32(1 / 255),
        )

    def darken(self, picture: Canvas, shadow: Shadow) -> None:
        """Lay a soft shadow on the ground of the picture, in place."""
        reach = 2.2 * np.asarray(shadow.radii)
        low = np.maximum(np.floor(shadow.centre - reach), 0).astype(int)
        high = np.minimum(np.ceil(shadow.centre + reach) + 1, self._size).astype(int)
        if (high <= low).any():
            return
        across = (np.arange(low[0], high[0]) - shadow.centre[0]) / shadow.radii[0]
        down = (np.arange(low[1], high[1]) - shadow.centre[1]) / shadow.radii[1]
        spot = np.outer(np.exp(-(down**2)), np.exp(-(across**2))) * shadow.strength
        picture[low[1] : high[1], low[0] : high[0]] *= (1.0 - spot)[..., None].astype(np.float32)

    def _fill(
        self,
        fine: NDArray[np.uint8],
        drawing: Drawing,
        points: NDArray[np.float64],
        low: NDArray[np.int_],
    ) -> None:
        on_grid = (points - low + 0.5) * self._finer - 0.5
        fixed = np.round(on_grid * (1 << _SHIFT)).astype(np.int32)
        first = 0
        for shape in drawing.shapes:
            outline = fixed[first : first + len(shape.points)]
            first += len(shape.points)
            colour = (*shape.colour, 255.0)
            if shape.stroke_px:
                thickness = max(1, round(shape.stroke_px * self._finer))
                cv2.polylines(fine, [outline], True, colour, thickness, cv2.LINE_8, _SHIFT)
            else:
                cv2.fillPoly(fine, [outline], colour, cv2.LINE_8, _SHIFT)

    def _wear(self, fine: NDArray[np.uint8], drawing: Drawing, low: NDArray[np.int_]) -> None:
        """Give the thing a grain that moves with it."""
        height, width = fine.shape[:2]
        grain = self._cloth if drawing.cloth else self._paint
        rows, columns = grain.shape[0] - height, grain.shape[1] - width
        if rows <= 0 or columns <= 0:
            return
        left, top = np.round((low - drawing.anchor) * self._finer).astype(int)
        top, left = (top + drawing.texture) % rows, (left + drawing.texture * 7) % columns
        worn = grain[top : top + height, left : left + width]
        cv2.multiply(fine, worn, fine, 1 / 128)


@lru_cache(maxsize=4)
def _grain(finer: int, strength: float) -> NDArray[np.uint8]:
    """Folds and weave around 128, (side, side, 4); the fourth channel keeps the cover as it is."""
    dice = np.random.default_rng(5)
    side = _GRAIN_SIDE
    total = np.zeros((side, side), np.float32)
    for size_px, weight in ((0.5, 9.0), (1.4, 16.0), (3.5, 16.0)):
        cells = int(side / (size_px * finer))
        coarse = dice.standard_normal((cells, cells)).astype(np.float32)
        total += weight * cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    grey = np.clip(strength * total + 128, 60, 200).astype(np.uint8)
    return np.dstack([grey, grey, grey, np.full_like(grey, 128)])
