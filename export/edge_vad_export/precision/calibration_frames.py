"""Chooses from footage the frames that differ most, in one pass and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends import ModelInput, with_motion
from edge_vad_export.verification.samples import PreparedSample

_CELLS = 8
"""Frames are compared by what they show in this many by this many places."""

_GROWTH = 1.25


def choose_varied(footage: Iterable[PreparedSample], count: int) -> list[ModelInput]:
    """Choose frames that lie far from one another in what they show and how it moves.

    After the doubling algorithm for k centres (Charikar, Chekuri, Feder and Motwani, STOC 1997): a
    frame is kept when it is further than a radius from all that are kept; when there are too many,
    the radius grows, and what is too close by then is dropped. So quiet hours, however long, add
    one frame.

    Args:
        footage: Prepared frames; those without motion are passed over.
        count: How many to choose at most.

    Returns:
        At most `count`, in the order of the footage, and more than one where any two differ.
    """
    chosen: list[ModelInput] = []
    places: NDArray[np.float64] = np.zeros((0, 2 * _CELLS**2))
    radius = 0.0
    for seen in footage:
        if not seen.has_motion:
            continue
        inputs = with_motion(seen.inputs)
        place = _described(inputs)
        if _distance(places, place) <= radius:
            continue
        chosen.append(inputs.copied())
        places = np.vstack([places, place])
        while len(chosen) > count:
            radius = _GROWTH * radius or _closest(places)
            kept = _apart(places, radius)
            chosen, places = [chosen[index] for index in kept], places[kept]
    return chosen


def _described(inputs: ModelInput) -> NDArray[np.float64]:
    """A short description: every input's mean magnitude in each of a few places.

    White and 1 px a frame weigh alike.
    """
    parts = []
    brightness = inputs.frame[0].mean(2, dtype=np.float32) / 255
    for image in (brightness, np.abs(inputs.motion[0]).mean(0)):
        rows = np.array_split(image, _CELLS)
        parts += [cell.mean() for row in rows for cell in np.array_split(row, _CELLS, axis=1)]
    return np.array(parts, np.float64)


def _distance(places: NDArray[np.float64], place: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(places - place, axis=1).min(initial=np.inf))


def _closest(places: NDArray[np.float64]) -> float:
    """The smallest distance between any two."""
    return min(_distance(places[index + 1 :], place) for index, place in enumerate(places[:-1]))


def _apart(places: NDArray[np.float64], radius: float) -> list[int]:
    """Indices, from the first on, of places further than the radius from all before them."""
    kept = [0]
    for index in range(1, len(places)):
        if _distance(places[kept], places[index]) > radius:
            kept.append(index)
    return kept
