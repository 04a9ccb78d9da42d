"""What closes the street towards the back: buildings and a hedge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad_street.drawing.painter import Canvas
from edge_vad_street.drawing.texture import Plane, mottle, per_cell

Mask = NDArray[np.bool_]

_BRICKS = ((78, 98, 138), (92, 110, 140), (70, 84, 118))
_PLASTERS = ((158, 172, 180), (140, 158, 172), (150, 150, 148))


def wall(scene: int, x: Plane, z: Plane) -> tuple[Canvas, Mask]:
    """Paint the buildings: brick on one side, plaster on the other.

    Args:
        scene: Number of the street.
        x: (H, W), m along the wall.
        z: (H, W), m above the ground.

    Returns:
        Colours, float32 (H, W, 3), and where they cover what is behind, (H, W).
    """
    dice = np.random.default_rng([scene, 12])
    brick = _bricks(x, z, _BRICKS[dice.integers(3)])
    plaster = _plaster(x, z, _PLASTERS[dice.integers(3)])
    corner, bay = dice.uniform(-6.0, 6.0), dice.uniform(2.6, 3.4)
    house = np.where((x < corner)[..., None], brick, plaster)
    house *= (1.0 - 0.5 * np.exp(-(((x - corner) / 0.12) ** 2)))[..., None]
    _windows(house, x - corner, z, bay)
    house[z < 0.45] *= 0.72
    damp = np.exp(-np.maximum(z, 0.0) / 0.7)
    house *= (0.97 - 0.2 * damp + 0.03 * mottle(x, z, 1.4, 3))[..., None]
    return house, z > 0.0


def leaves(scene: int, x: Plane, z: Plane) -> tuple[Canvas, Mask]:
    """Paint the hedge before the buildings, with gaps for their doors."""
    dice = np.random.default_rng([scene, 13])
    gap = dice.uniform(9.0, 12.0)
    open_to_door = np.abs(np.mod(x + dice.uniform(0, gap), gap) - gap / 2) < 0.9
    top = 0.95 + 0.10 * mottle(x, 0 * x, 0.5, 1) + 0.06 * mottle(x, z, 0.15, 2)
    light = 0.55 + 0.5 * np.clip(z, 0.0, 1.0)
    light *= 1.0 + 0.2 * mottle(x, z, 0.12, 4) + 0.12 * mottle(x, z, 0.4, 5)
    green = np.array((46, 88, 70), np.float32)
    return np.asarray(light[..., None] * green, np.float32), (z > 0) & (z < top) & ~open_to_door


def _bricks(x: Plane, z: Plane, colour: tuple[int, int, int]) -> Canvas:
    row = np.floor(z / 0.16)
    shifted = x / 0.42 + 0.5 * np.mod(row, 2)
    mortar = (np.mod(shifted, 1.0) < 0.07) | (np.mod(z / 0.16, 1.0) < 0.16)
    light = 1.0 + 0.10 * per_cell(np.floor(shifted), row) + 0.05 * mottle(x, z, 0.8, 1)
    brick = light[..., None] * np.array(colour, np.float32)
    brick[mortar] = 0.6 * brick[mortar] + 0.4 * np.array((140, 146, 150), np.float32)
    return np.asarray(brick, dtype=np.float32)


def _plaster(x: Plane, z: Plane, colour: tuple[int, int, int]) -> Canvas:
    light = 0.92 + 0.03 * mottle(x, z, 0.1, 2) + 0.03 * mottle(x, z, 0.9, 3)
    light = light - 0.05 * np.clip(mottle(x, z / 4, 0.3, 6), 0.0, 1.0)
    return np.asarray(light[..., None] * np.array(colour, np.float32), dtype=np.float32)


def _windows(house: Canvas, x: Plane, z: Plane, bay: float) -> None:
    """Two floors of windows; on the ground floor every fourth bay has a door."""
    number = np.floor(x / bay)
    across = np.mod(x, bay) - bay / 2
    door = np.mod(number, 4) == 1
    sill, head = np.where(z < 3.2, 1.1, 4.1), np.where(z < 3.2, 2.5, 5.5)
    sill = np.where(door & (z < 3.2), 0.0, sill)
    half = np.where(door & (z < 3.2), 0.55, 0.72)
    inside = np.minimum(half - np.abs(across), np.minimum(z - sill, head - z))
    framed, glass = inside > 0.0, inside > 0.09
    bar = (np.abs(across) < 0.035) | (np.abs(z - sill - 0.9) < 0.03)
    house[framed] = (186, 190, 190)
    sky = np.clip((z - sill) / 1.6, 0.0, 1.0) + 0.25 * mottle(x, z, 0.7, 7)
    tone = 46.0 + 34.0 * sky + 9.0 * per_cell(number, np.floor(z / 3.2), 2)
    pane = glass & ~bar
    house[pane] = tone[pane, None] * np.array((1.06, 1.0, 0.92), np.float32)
    leaf = pane & door & (z < 3.2)
    house[leaf] = np.array((58, 60, 72), np.float32) + 6.0 * mottle(x, z, 0.2, 8)[leaf, None]
    ledge = (np.abs(across) < half + 0.08) & (np.abs(z - sill + 0.06) < 0.06) & ~door
    house[ledge] = (168, 172, 172)
