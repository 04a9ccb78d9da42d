"""The empty street: every surface that the camera sees and that never moves."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_vad_street.drawing.painter import Canvas, Painter, Patch
from edge_vad_street.drawing.texture import Plane, mottle, per_cell
from edge_vad_street.layout import Layout
from edge_vad_street.scenery.facade import leaves, wall
from edge_vad_street.scenery.furniture import parked_cars, standing_things

Mask = NDArray[np.bool_]


class Standing(NamedTuple):
    """Something upright.

    Attributes:
        depth_m: Its distance from the camera.
        patch: How it looks.
        sways: Whether wind can move it.
    """

    depth_m: float
    patch: Patch
    sways: bool


@lru_cache(maxsize=4)
def background(layout: Layout) -> Canvas:
    """Draw the empty street without what people can walk behind.

    Args:
        layout: The street.

    Returns:
        float32 (H, W, 3), read-only.
    """
    size = layout.view.width, layout.view.height
    picture = _lens(_surfaces(layout), size)
    painter = Painter(*size)
    for drawing in parked_cars(layout) + standing_things(layout):
        if drawing.shadow is not None:
            painter.darken(picture, drawing.shadow)
    for drawing in parked_cars(layout):
        patch = painter.paint(drawing)
        if patch is not None:
            patch.lay(picture)
    picture.setflags(write=False)
    return picture


@lru_cache(maxsize=4)
def furniture(layout: Layout) -> tuple[Standing, ...]:
    """Draw what stands in the street and hides who is behind it, all that is in the picture."""
    painter = Painter(layout.view.width, layout.view.height)
    painted = [(thing, painter.paint(thing)) for thing in standing_things(layout)]
    return tuple(
        Standing(thing.depth_m, patch, thing.sways) for thing, patch in painted if patch is not None
    )


def _surfaces(layout: Layout) -> Canvas:
    """Look along every ray to the ground, the hedge and the buildings."""
    view = layout.view
    finer = 3 if view.height <= 300 else 2 if view.height <= 600 else 1
    rays = view.rays(finer).astype(np.float32)
    downwards = np.minimum(rays[..., 2], -1e-3)
    reach = view.above_m / -downwards
    x, y = rays[..., 0] * reach, rays[..., 1] * reach
    picture = _ground(layout, x, y)
    for distance, paint in ((layout.wall, wall), (layout.hedge, leaves)):
        along = rays[..., 0] * (distance / rays[..., 1])
        above = view.above_m + rays[..., 2] * (distance / rays[..., 1])
        colour, covered = paint(layout.scene, along, above)
        picture[covered] = colour[covered]
    return picture


def _ground(layout: Layout, x: Plane, y: Plane) -> Canvas:
    near, far = layout.pavements
    picture = _grass(x, y)
    _cover(picture, (y > near.near) & (y < near.far), _slabs(x, y, (152, 160, 166), 1.25))
    _cover(picture, (y > layout.road.near) & (y < layout.road.far), _asphalt(layout, x, y))
    _cover(picture, (y > far.near) & (y < far.far), _slabs(x, y, (146, 154, 158), 0.9))
    _cover(picture, (y > far.far) & (y < layout.hedge - 0.4), _asphalt(layout, x, y) * 0.9)
    for edge in (near.near, near.far, far.near, far.far):
        _kerb(picture, x, y - edge)
    bays = np.abs(np.mod(x, 5.6) - 2.8) < 0.05
    _cover(picture, bays & (y > far.far + 0.2) & (y < layout.hedge - 0.5), 175.0 + 0 * picture)
    picture *= (1.0 - 0.4 * np.exp(-np.maximum(layout.hedge - y, 0.0) / 0.5))[..., None]
    return picture


def _cover(picture: Canvas, where: Mask, surface: Canvas) -> None:
    picture[where] = surface[where]


def _tinted(colour: tuple[float, float, float], light: Plane) -> Canvas:
    return np.asarray(light[..., None] * np.array(colour, np.float32), dtype=np.float32)


def _slabs(x: Plane, y: Plane, colour: tuple[float, float, float], side_m: float) -> Canvas:
    """Paving: every slab has its own tone, with dirt in the joints and old stains."""
    row = np.floor(y / side_m)
    shifted = x / side_m + 0.5 * np.mod(row, 2)
    column = np.floor(shifted)
    joint = np.minimum(np.mod(shifted, 1.0), np.mod(y / side_m, 1.0)) * side_m < 0.035
    light = 1.0 + 0.035 * per_cell(column, row) + 0.03 * mottle(x, y, 0.09)
    light += 0.03 * mottle(x, y, 0.35, 1) + 0.025 * mottle(x, y, 1.9, 2)
    light -= 0.10 * np.clip(mottle(x, y, 0.8, 4) - 1.2, 0.0, 1.0)
    return _tinted(colour, np.where(joint, 0.8 * light, light))


def _asphalt(layout: Layout, x: Plane, y: Plane) -> Canvas:
    """Tar and grit: patches of repair, oil, and a yellow line along the kerbs."""
    light = 1.0 + 0.07 * mottle(x, y, 0.07) + 0.04 * mottle(x, y, 0.3, 1)
    light += 0.05 * mottle(x, y, 2.6, 2)
    light -= 0.16 * np.clip(mottle(x, y, 0.7, 5) - 1.3, 0.0, 1.0)
    middle = (layout.road.near + layout.road.far) / 2
    repaired = (np.abs(y - middle - 0.9) < 0.8) & (np.abs(np.mod(x, 19.0) - 6.0) < 1.7)
    seam = np.abs(y - middle - 0.05 * mottle(x, y, 1.5, 7)) < 0.035
    light = np.where(repaired, 0.84 * light, np.where(seam, 0.8 * light, light))
    surface = _tinted((96, 97, 98), light)
    edge = np.minimum(y - layout.road.near, layout.road.far - y)
    worn = mottle(x, y, 0.25, 6) < 0.9
    lines = worn & ((np.abs(edge - 0.4) < 0.05) | (np.abs(edge - 0.62) < 0.05))
    surface[lines] = 0.35 * surface[lines] + 0.65 * np.array((92, 150, 172), np.float32)
    return surface


def _grass(x: Plane, y: Plane) -> Canvas:
    """Lawn: blades, mown and trodden places, fallen leaves."""
    light = 1.0 + 0.13 * mottle(x, y, 0.06) + 0.08 * mottle(x, y, 0.2, 1)
    light += 0.09 * mottle(x, y, 1.3, 2)
    lawn = _tinted((52, 104, 88), light)
    trodden = np.clip(mottle(x, y, 1.7, 3) - 0.7, 0.0, 1.0)[..., None]
    lawn += trodden * (np.array((70, 104, 112), np.float32) - lawn) * 0.6
    fallen = mottle(x, y, 0.11, 8) > 2.5
    lawn[fallen] = (70, 120, 150)
    return lawn


def _kerb(picture: Canvas, x: Plane, past: Plane) -> None:
    stones = 1.0 + 0.05 * per_cell(np.floor(x / 0.9), 0 * x) + 0.04 * mottle(x, past, 0.1)
    top, face = np.abs(past) < 0.13, np.abs(past + 0.17) < 0.05
    picture[top] = _tinted((168, 172, 174), stones)[top]
    picture[face] *= 0.62


def _lens(surfaces: Canvas, size: tuple[int, int]) -> Canvas:
    """Average down to the sensor's pixels, a little soft and darker towards the corners."""
    picture = cv2.resize(surfaces, size, interpolation=cv2.INTER_AREA)
    picture = cv2.GaussianBlur(picture, (0, 0), 0.45)
    across, down = (np.linspace(-1, 1, side, dtype=np.float32) for side in size)
    falloff = 1.0 - 0.08 * (across[None, :] ** 2 + down[:, None] ** 2)
    return np.asarray(picture * falloff[..., None], dtype=np.float32)
