"""What the camera adds to the street: noise, exposure, and the faults of mount and link."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_vad_street import disturbances
from edge_vad_street.drawing.painter import Canvas

_SPARE_PX = 96
_NOISIER = 2.5
_JPEG_QUALITY = 22


class Camera:
    """Turns light into frames.

    The noise is cut from one bank at a place that depends on the frame: drawing it anew would
    cost more than all the rest of the picture.

    Args:
        size: Width and height, px.
        seed: Of noise and light.
        noise: Standard deviation, grey levels.
        light: Largest relative change.
        nuisance: One of `url.NUISANCES`, or empty; those that are not the camera's do nothing.
    """

    def __init__(
        self, size: tuple[int, int], seed: int, noise: float, light: float, nuisance: str = ""
    ) -> None:
        self._width, self._height = size
        self._seed = seed
        self._noise = noise * (_NOISIER if nuisance == "sensor_noise" else 1.0)
        self._light = light
        self._nuisance = nuisance
        self._phases = np.random.default_rng([seed, 41]).uniform(0, 2 * np.pi, 3)
        self._bank = _noise_bank(self._width + _SPARE_PX, self._height + _SPARE_PX)

    def gain(self, time_s: float) -> float:
        """How bright the picture is, around 1: clouds, over tens of seconds to minutes."""
        waves = np.sin(2 * np.pi * time_s / np.array([190.0, 71.0, 37.0]) + self._phases)
        gain = float(1.0 + self._light * (waves @ (0.5, 0.3, 0.2)))
        if self._nuisance == "light_change":
            return gain * disturbances.light_change(self._seed, time_s)
        if self._nuisance == "auto_exposure":
            return gain * disturbances.auto_exposure(self._seed, time_s)
        return gain

    def shake(self, picture: Canvas, time_s: float) -> Canvas:
        """Move what is seen, float32 (H, W) or (H, W, 3), as wind moves the camera."""
        if self._nuisance != "camera_shake":
            return picture
        right, down = disturbances.shake(self._seed, time_s)
        moved = cv2.warpAffine(
            picture,
            np.array([(1.0, 0.0, right), (0.0, 1.0, down)]),
            (self._width, self._height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(moved, dtype=np.float32)

    def expose(self, picture: Canvas, index: int, time_s: float) -> NDArray[np.uint8]:
        """Take frame `index` of a picture, float32 (H, W, 3), as uint8 (H, W, 3)."""
        dice = np.random.default_rng([self._seed, 42, index])
        top, left = dice.integers(0, _SPARE_PX, 2)
        sign = 1.0 if dice.random() < 0.5 else -1.0
        grain = self._bank[top : top + self._height, left : left + self._width]
        seen, gain = self.shake(picture, time_s), self.gain(time_s)
        frame = cv2.addWeighted(seen, gain, grain, sign * self._noise, 0.0, dtype=cv2.CV_8U)
        sent = _compressed(frame) if self._nuisance == "compression" else frame
        return np.asarray(sent, dtype=np.uint8)


def _compressed(frame: cv2.typing.MatLike) -> cv2.typing.MatLike | None:
    """What is left of a frame after a poor link."""
    _, packed = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


def _noise_bank(width: int, height: int) -> Canvas:
    """Grain of standard deviation 1: mostly grey, a little coloured, softened by the lens."""
    dice = np.random.default_rng(43)
    grey = dice.standard_normal((height, width, 1), dtype=np.float32)
    colour = dice.standard_normal((height, width, 3), dtype=np.float32)
    grain = cv2.GaussianBlur(grey + 0.5 * colour, (0, 0), 0.45)
    return np.asarray(grain / grain.std(), dtype=np.float32)
