"""Finds the background: the median of ordinary footage, one picture for each kind of light."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from edge_vad_train.data.footage import Footage
from edge_vad_train.model.background import DARKEST, Background, grey_of

_BACKGROUND_FRAMES = 300
_MOST_LIGHTS = 3
"""Day, lamp and infrared."""

_THUMBNAIL = (12, 16)
_FEWEST_FRAMES = 20
"""Of a light that is worth an empty picture of its own."""

_UNLIKE = 0.12
"""Mean difference between empty pictures from which on they are of different lights, white is 1."""


def sample_greys(footage: Footage) -> NDArray[np.float32]:
    """Pictures from all over the footage, float32, (n, h, w), 0 to 1."""
    every = max(1, sum(map(len, footage.segments)) // _BACKGROUND_FRAMES)
    pictures = [
        grey_of(segment.frames_of(slice(0, None, every)))[:, 0] for segment in footage.segments
    ]
    return torch.cat(pictures).numpy()


def fit_background(greys: NDArray[np.float32]) -> Background:
    """Find the empty pictures: the median of the pictures of each light.

    Lights are found by k-means over thumbnails; one that few pictures have, or whose empty picture
    is like another's, is none of its own.

    Args:
        greys: float32, (n, h, w), pictures from all over the footage, 0 to 1.
    """
    most = max(1, min(_MOST_LIGHTS, len(greys) // _FEWEST_FRAMES))
    for lights in range(most, 0, -1):
        pictures = _medians(greys, _assign(greys, lights))
        if len(pictures) == lights and _are_unlike(pictures):
            break
    return Background(torch.from_numpy(np.stack(pictures)[None]))


def _assign(greys: NDArray[np.float32], lights: int) -> NDArray[np.intp]:
    """The light of every picture, by k-means over thumbnails; (n,)."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    if lights == 1:
        return np.zeros(len(greys), np.intp)
    small = F.adaptive_avg_pool2d(torch.from_numpy(greys)[:, None], _THUMBNAIL).flatten(1).numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a still picture has one kind of light
        found: NDArray[np.intp] = KMeans(lights, n_init=3, random_state=0).fit_predict(small)
    return found


def _medians(greys: NDArray[np.float32], light: NDArray[np.intp]) -> list[NDArray[np.float32]]:
    groups = [greys[light == each] for each in range(light.max() + 1)]
    enough = [group for group in groups if len(group) >= min(_FEWEST_FRAMES, len(greys))]
    medians = []
    for group in enough:
        mean = group.mean((1, 2), keepdims=True)
        alike = group * (mean.mean() / np.maximum(mean, DARKEST))
        medians.append(np.median(alike, 0).astype(np.float32))
    return medians


def _are_unlike(pictures: list[NDArray[np.float32]]) -> bool:
    return all(
        float(np.abs(one - other).mean()) > _UNLIKE
        for number, one in enumerate(pictures)
        for other in pictures[:number]
    )
