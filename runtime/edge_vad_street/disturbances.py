"""How light, exposure, mount and transmission misbehave over time, each from a seed alone."""

from __future__ import annotations

import numpy as np

_SWING, _SWING_S = 0.2, 100.0
_STEP_BLOCK_S, _SETTLING_S = 20.0, 0.5
_SMALLEST_STEP, _LARGEST_STEP = -np.log(1 - 0.08), np.log(1 + 0.15)
_PAUSE_BLOCK_S, _PAUSES_S = 30.0, (2.0, 5.0)
_WIND_HZ = np.array([[0.45, 1.1, 2.3], [0.6, 1.4, 2.9]])
_WIND_PX = np.array([0.45, 0.35, 0.2])


def light_change(seed: int, time_s: float) -> float:
    """A factor on the light that swings by a fifth up and down in 100 s."""
    phase = np.random.default_rng([seed, 61]).uniform(0, 2 * np.pi)
    return float(1.0 + _SWING * np.sin(2 * np.pi * time_s / _SWING_S + phase))


def auto_exposure(seed: int, time_s: float) -> float:
    """A factor on the light that steps by 8 to 15 % every 10 to 30 s.

    The camera goes to another level and back, and settles within half a second.
    """
    block = int(time_s // _STEP_BLOCK_S)
    began, step = _exposure_step(seed, block)
    share = min(1.0, max(0.0, (time_s - began) / _SETTLING_S))
    before, after = _level(seed, block), _level(seed, block) + step
    return float(np.exp(before + (after - before) * share * share * (3 - 2 * share)))


def shake(seed: int, time_s: float) -> tuple[float, float]:
    """Where wind has moved the picture, px to the right and down, at most 1 each."""
    phases = np.random.default_rng([seed, 64]).uniform(0, 2 * np.pi, (2, 3))
    right, down = np.sin(2 * np.pi * time_s * _WIND_HZ + phases) @ _WIND_PX
    return float(right), float(down)


def shown_index(seed: int, index: int, fps: float) -> int:
    """The frame that a camera sends at `index` that repeats one for 2 to 5 s now and then."""
    block = int(index / fps // _PAUSE_BLOCK_S)
    dice = np.random.default_rng([seed, 65, block])
    length_s = dice.uniform(*_PAUSES_S)
    began_s = _PAUSE_BLOCK_S * block + dice.uniform(3.0, _PAUSE_BLOCK_S - length_s - 3.0)
    first = int(np.ceil(began_s * fps))
    return first if first < index < (began_s + length_s) * fps else index


def _exposure_step(seed: int, block: int) -> tuple[float, float]:
    """When the step of a block of time begins, s, and by how much the logarithm changes."""
    dice = np.random.default_rng([seed, 62, block])
    began = (block + 0.25 + 0.5 * dice.random()) * _STEP_BLOCK_S
    size = dice.uniform(_SMALLEST_STEP, _LARGEST_STEP)
    up = dice.random() < 0.5
    # Away from the usual level and back by turns, so that it never wanders off.
    return began, (size if up else -size) if block % 2 == 0 else -_level(seed, block)


def _level(seed: int, block: int) -> float:
    """The logarithm of the exposure at the beginning of a block."""
    return 0.0 if block % 2 == 0 else _exposure_step(seed, block - 1)[1]
