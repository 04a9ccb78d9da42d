"""What the camera adds to the street: the sensor's noise and the slow change of the light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_vad.street.painter import Canvas

_SPARE_PX = 96


class Camera:
    """Turns light into frames.

    The noise is cut from one bank at a place that depends on the frame: drawing it anew would
    cost more than all the rest of the picture.

    Args:
        size: Width and height, px.
        seed: Of noise and light.
        noise: Standard deviation, grey levels.
        light: Largest relative change.
    """

    def __init__(self, size: tuple[int, int], seed: int, noise: float, light: float) -> None:
        self._width, self._height = size
        self._seed = seed
        self._noise = noise
        self._light = light
        self._phases = np.random.default_rng([seed, 41]).uniform(0, 2 * np.pi, 3)
        self._bank = _noise_bank(self._width + _SPARE_PX, self._height + _SPARE_PX)

    def gain(self, time_s: float) -> float:
        """How bright the light is, around 1: clouds, over tens of seconds to minutes."""
        waves = np.sin(2 * np.pi * time_s / np.array([190.0, 71.0, 37.0]) + self._phases)
        return float(1.0 + self._light * (waves @ (0.5, 0.3, 0.2)))

    def expose(self, picture: Canvas, index: int, time_s: float) -> NDArray[np.uint8]:
        """Take frame `index` of a picture, float32 (H, W, 3), as uint8 (H, W, 3)."""
        dice = np.random.default_rng([self._seed, 42, index])
        top, left = dice.integers(0, _SPARE_PX, 2)
        sign = 1.0 if dice.random() < 0.5 else -1.0
        grain = self._bank[top : top + self._height, left : left + self._width]
        frame = cv2.addWeighted(
            picture, self.gain(time_s), grain, sign * self._noise, 0.0, dtype=cv2.CV_8U
        )
        return np.asarray(frame, dtype=np.uint8)


def _noise_bank(width: int, height: int) -> Canvas:
    """Grain of standard deviation 1: mostly grey, a little coloured, softened by the lens."""
    dice = np.random.default_rng(43)
    grey = dice.standard_normal((height, width, 1), dtype=np.float32)
    colour = dice.standard_normal((height, width, 3), dtype=np.float32)
    grain = cv2.GaussianBlur(grey + 0.5 * colour, (0, 0), 0.45)
    return np.asarray(grain / grain.std(), dtype=np.float32)
