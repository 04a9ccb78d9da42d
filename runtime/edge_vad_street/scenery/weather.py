"""What passes between the street and its camera: shadows of clouds, and rain."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np

from edge_vad_street.drawing.painter import Canvas
from edge_vad_street.drawing.texture import mottle
from edge_vad_street.layout import Layout

_COARSER = 4
_SPARE_PX = 96
_SHEETS = 4
_DARKEST = 0.38


class Effect(Protocol):
    """Something that changes the light of the whole picture."""

    def fall_on(self, picture: Canvas, index: int, time_s: float) -> None:
        """Change the picture of frame `index`, (H, W, 3), in place."""


class CloudShadows:
    """Shadows with soft edges that drift over the ground and all that is on it.

    Args:
        layout: The street.
        seed: Which clouds, and where they drift.
    """

    def __init__(self, layout: Layout, seed: int) -> None:
        dice = np.random.default_rng([seed, 66])
        self._size = layout.view.width, layout.view.height
        coarse = tuple(-(-side // _COARSER) for side in self._size)
        x, y = (
            cv2.resize(plane, coarse, interpolation=cv2.INTER_AREA) for plane in layout.places()
        )
        self._x, self._y = x + dice.uniform(0, 4e3), y + dice.uniform(0, 4e3)
        self._wind = float(dice.choice([-1, 1])) * dice.uniform(1.5, 2.5), dice.uniform(-0.7, 0.7)

    def fall_on(self, picture: Canvas, index: int, time_s: float) -> None:  # noqa: ARG002
        """Darken the picture, (H, W, 3), in place."""
        x, y = self._x - self._wind[0] * time_s, self._y - self._wind[1] * time_s
        cloud = mottle(x, y, 11.0, 1) + 0.3 * mottle(x, y, 4.0, 2)
        thick = np.clip(0.5 + 0.9 * cloud, 0.0, 1.0)
        light = (1.0 - _DARKEST * thick * thick * (3.0 - 2.0 * thick)).astype(np.float32)
        fine = cv2.resize(light, self._size, interpolation=cv2.INTER_LINEAR)
        cv2.multiply(picture, cv2.merge([fine, fine, fine]), picture)


class Rain:
    """Streaks of falling drops, others in every frame, and a thin veil.

    Args:
        size: Width and height, px.
        seed: Which drops.
    """

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self._size = size
        self._seed = seed
        self._sheets = _sheets(size)

    def fall_on(self, picture: Canvas, index: int, time_s: float) -> None:  # noqa: ARG002
        """Let it rain over the picture, (H, W, 3), in place."""
        dice = np.random.default_rng([self._seed, 67, index])
        sheet = self._sheets[dice.integers(_SHEETS)]
        top, left = dice.integers(0, _SPARE_PX, 2)
        width, height = self._size
        drops = sheet[top : top + height, left : left + width]
        cv2.addWeighted(picture, 0.93, drops, 1.0, 7.0, picture)


@lru_cache(maxsize=2)
def _sheets(size: tuple[int, int]) -> tuple[Canvas, ...]:
    """Streaks as light that they add, each float32 (H + spare, W + spare, 3)."""
    dice = np.random.default_rng(68)
    width, height = size[0] + _SPARE_PX, size[1] + _SPARE_PX
    finer, scale = 2, size[1] / 240
    sheets = []
    for _ in range(_SHEETS):
        fine = np.zeros((height * finer, width * finer), np.float32)
        for _ in range(round(width * height * 0.004 / scale**2)):
            near = dice.random() ** 2
            length = (6.0 + 14.0 * near) * finer * scale
            x, y = dice.uniform(0, (width * finer, height * finer))
            ends = np.array([(x, y), (x + 0.14 * length, y + length)])
            (a, b), (c, d) = np.round(ends).astype(int).tolist()
            thick = max(1, round(finer * scale * (0.5 + 0.5 * near)))
            cv2.line(fine, (a, b), (c, d), 26.0 + 34.0 * near, thick, cv2.LINE_8)
        soft = cv2.GaussianBlur(fine, (0, 0), 0.4 * finer)
        grey = cv2.resize(soft, (width, height), interpolation=cv2.INTER_AREA)
        sheets.append(np.asarray(cv2.merge([grey, grey, grey]), dtype=np.float32))
    return tuple(sheets)
