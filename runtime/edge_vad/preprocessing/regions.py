"""Regions of the picture that are left out, such as the clock that a camera writes into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import WrongUse
from edge_vad.opencv import cv2
from edge_vad.untrusted import shorten

MOST_REGIONS, _MOST_POINTS = 100, 1000
MOST_CORNERS = 10_000
"""Of all regions of a scene together."""

Pixel = Annotated[float, msgspec.Meta(ge=-100_000, le=100_000)]
Point = tuple[Pixel, Pixel]
Polygon = Annotated[tuple[Point, ...], msgspec.Meta(min_length=3, max_length=_MOST_POINTS)]
Polygons = Annotated[tuple[Polygon, ...], msgspec.Meta(max_length=MOST_REGIONS)]
"""Corners, across and down, px of the camera's frames."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Region = Annotated[
    tuple[tuple[Share, Share], ...], msgspec.Meta(min_length=3, max_length=_MOST_POINTS)
]
Regions = Annotated[tuple[Region, ...], msgspec.Meta(max_length=MOST_REGIONS)]
"""The same as shares of the picture's width and height: true of frames of any size."""

Corners = NDArray[np.float64]

_FORM = "give the corners in px of the frames, such as '[[0, 0], [200, 0], [200, 80]]'"
_FINE = 1000


def parse_regions(texts: Sequence[str]) -> tuple[Polygon, ...]:
    """Read regions as they are typed: each the JSON list of its corners.

    Raises:
        WrongUse: One is none, or there are too many.

    Example:
        >>> parse_regions(["[[0, 0], [200, 0], [200, 80]]"])
        (((0.0, 0.0), (200.0, 0.0), (200.0, 80.0)),)
    """
    if len(texts) > MOST_REGIONS:
        raise WrongUse(f"{len(texts)} regions are too many", f"give {MOST_REGIONS} at most")
    return tuple(map(_parse, texts))


def write_region(polygon: Polygon) -> str:
    """The same as text.

    Example:
        >>> write_region(((0.0, 0.0), (200.0, 0.0), (200.0, 80.5)))
        '[[0, 0], [200, 0], [200, 80.5]]'
    """
    return f"[{', '.join(f'[{x:.15g}, {y:.15g}]' for x, y in polygon)}]"


def write_regions(polygons: Sequence[Polygon]) -> list[str]:
    """The words of a command that say regions to ignore."""
    return [word for polygon in polygons for word in ("--ignore", write_region(polygon))]


def demand_area(polygon: Sequence[tuple[float, float]]) -> None:
    """See to it that a polygon is one: corners that are numbers, and do not lie on one line.

    Raises:
        ValueError: It is none.
    """
    corners = np.array(polygon, np.float64)
    if not np.isfinite(corners).all() or np.linalg.matrix_rank(corners - corners[0]) < 2:
        raise ValueError("all its corners lie on one line")


def in_shares(polygons: Sequence[Polygon], height: int, width: int) -> Regions:
    """Regions in px of frames as shares of the picture.

    Args:
        polygons: Px of the frames; what lies outside of them is cut off.
        height: Rows of the frames.
        width: Columns of the frames.

    Raises:
        WrongUse: A region lies outside the picture, or nothing is left of it.
    """
    regions = tuple(_in_shares(polygon, height, width) for polygon in polygons)
    if regions and covered(regions, height, width).all():
        raise WrongUse("the regions to ignore are the whole picture", "leave something to watch")
    return regions


@lru_cache(maxsize=16)
def covered(regions: Regions, height: int, width: int) -> NDArray[np.uint8]:
    """Where regions lie in frames of this size; do not write to it.

    Every pixel counts that a region touches, and one more around it: where frames are made smaller
    or larger, what is at the border is mixed with what is beside it.

    Returns:
        uint8, (height, width): 1 there, 0 elsewhere.
    """
    mask = _filled([np.array(each) * (width, height) for each in regions], height, width)
    return np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)), np.uint8)


def describe_regions(regions: Regions) -> str:
    """How many there are, and how much of the picture they are; empty where there is none.

    Example:
        >>> describe_regions((((0.0, 0.0), (0.5, 0.0), (0.5, 0.1), (0.0, 0.1)),))
        'not looked at: 1 region, about 5% of the picture'
    """
    if not regions:
        return ""
    share = _filled([np.array(each) * _FINE for each in regions], _FINE, _FINE).mean()
    count = f"{len(regions)} region{'s' * (len(regions) > 1)}"
    return f"not looked at: {count}, about {max(share, 0.01):.0%} of the picture"


def _parse(text: str) -> Polygon:
    try:
        polygon = msgspec.json.decode(text, type=Polygon)
        demand_area(polygon)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        why = shorten(str(error)).rstrip(".")
        raise WrongUse(f"{shorten(text)!r} is no region ({why})", _FORM) from None
    return polygon


def _in_shares(polygon: Polygon, height: int, width: int) -> Region:
    corners = np.array(polygon) / (width, height)
    for axis in (0, 1):
        corners = _cut(_cut(corners, axis, 1.0, 0.0), axis, -1.0, -1.0)
    if not 3 <= len(corners) <= _MOST_POINTS:
        raise WrongUse(
            f"the region {shorten(write_region(polygon))} lies outside the frames, which are "
            f"{width}x{height}",
            _FORM,
        )
    return tuple((float(x), float(y)) for x, y in corners.clip(0, 1))


def _cut(corners: Corners, axis: int, sign: float, limit: float) -> Corners:
    """The part of a polygon where `sign * corner[axis] >= limit` (Sutherland and Hodgman, 1974)."""
    left: list[Corners] = []
    inside = sign * corners[:, axis] - limit
    follows = np.roll(corners, -1, 0), np.roll(inside, -1)
    for corner, here, then, there in zip(corners, inside, *follows, strict=True):
        if here >= 0:
            left.append(corner)
        if (here >= 0) != (there >= 0):
            left.append(corner + (then - corner) * here / (here - there))
    return np.array(left, np.float64).reshape(-1, 2)


def _filled(polygons: Iterable[Corners], height: int, width: int) -> NDArray[np.uint8]:
    """Which pixels lie in one of the polygons, whose corners are px; uint8, 0 or 1."""
    mask = np.zeros((height, width), np.uint8)
    for corners in polygons:
        cv2.fillPoly(mask, [np.rint(corners - 0.5).astype(np.int32)], 1)
    return mask
