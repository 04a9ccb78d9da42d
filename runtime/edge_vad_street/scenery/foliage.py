"""Leaves that the wind moves to and fro, while the trunk stands still."""

from __future__ import annotations

import cv2
import numpy as np

from edge_vad_street.drawing.painter import Canvas, Patch

_FARTHEST = 3.0 / 240
"""How far leaves move at most, in heights of the picture."""

_LEAVES_FROM = 0.25

_HERTZ = np.sqrt([0.005, 0.17, 1.3, 0.7])
"""Of gusts and of what sways in them; their ratios are irrational, so that no wind comes twice."""


class Foliage:
    """A tree in the wind.

    Args:
        patch: The tree as it is painted when the air is still.
        size: Width and height of the picture, px.
        seed: Of the wind.
    """

    def __init__(self, patch: Patch, size: tuple[int, int], seed: int) -> None:
        self._farthest_px = _FARTHEST * size[1]
        pad = int(np.ceil(self._farthest_px))
        top, left = max(0, patch.rows.start - pad), max(0, patch.columns.start - pad)
        bottom, right = min(size[1], patch.rows.stop + pad), min(size[0], patch.columns.stop + pad)
        self._rows, self._columns = slice(top, bottom), slice(left, right)
        self._still = cv2.copyMakeBorder(
            np.dstack([patch.colour, patch.cover]),
            patch.rows.start - top, bottom - patch.rows.stop,
            patch.columns.start - left, right - patch.columns.stop,
            cv2.BORDER_CONSTANT,
        )  # fmt: skip
        down, across = np.indices(self._still.shape[:2], dtype=np.float32)
        up = np.clip(1.0 - down / max(1, bottom - top) - _LEAVES_FROM, 0.0, 0.3) / 0.3
        self._x, self._y, self._free = across, down, up.astype(np.float32)
        self._place = (across * 0.9 + down * 0.6) / (0.05 * size[1])
        self._phases = np.random.default_rng([seed, 69, left]).uniform(0, 2 * np.pi, 4)

    def at(self, time_s: float) -> Patch:
        """The tree at a moment."""
        aside, upward = self.reach(time_s)
        moved: Canvas = cv2.remap(
            self._still,
            self._x - aside,
            self._y - upward,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float32)
        return Patch(self._rows, self._columns, moved[..., :3], moved[..., 3:])

    def reach(self, time_s: float) -> tuple[Canvas, Canvas]:
        """How far the wind has moved every place, px to the right and down, each (h, w)."""
        waves = 2 * np.pi * _HERTZ * time_s + self._phases
        gust = self._farthest_px * (0.7 + 0.3 * np.sin(waves[0])) * self._free
        aside = gust * 0.45 * (np.sin(waves[1]) + np.sin(waves[2] + self._place))
        down = gust * 0.4 * np.sin(waves[3] - 0.7 * self._place)
        return aside.astype(np.float32), down.astype(np.float32)
