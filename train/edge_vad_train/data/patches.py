"""Patches to learn from: drawn where something happens as well as uniformly."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_vad.opencv import cv2
from edge_vad_train.data.footage import Footage, Segment
from edge_vad_train.parallel import run_in_parallel
from edge_vad_train.seeds import Use, generator

ACTIVE_SHARE = 0.5
"""Share of the patches that are drawn in proportion to how much happens in them."""

_OF_A_FRAME = 16
"""Patches drawn from one frame."""

_Patches = dict[str, list[Tensor]]


def draw_patches(
    footage: Footage,
    make_inputs: Callable[[Tensor, Tensor], Mapping[str, Tensor]],
    sides: Mapping[str, int],
    count: int,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Tensor]:
    """Draw patches of what each stream sees.

    Most of a street is empty, so half of the patches are drawn uniformly and half with a
    probability proportional to the input's squared magnitude summed over the patch.

    Args:
        footage: To draw from.
        make_inputs: From frames and their motion to what each stream sees, (n, channels, h, w) by
            the stream's name.
        sides: Sides of the patches, px, by the stream's name.
        count: How many patches of each, about.
        seed: Of the choice.
        progress: Called with the number of patches drawn since the last call.

    Returns:
        float32, (n, channels, patch, patch), by the stream's name.
    """
    share = min(1.0, count / _OF_A_FRAME / sum(map(len, footage.segments)))
    per_frame = max(_OF_A_FRAME, -(-count // sum(map(len, footage.segments))))

    def draw(numbered: tuple[int, Segment], advance: Callable[[int], None]) -> _Patches:
        number, segment = numbered
        rng = generator(seed, Use.PATCHES, number)
        drawn: _Patches = {name: [] for name in sides}
        frames = np.flatnonzero(rng.random(len(segment)) < share)
        for index in frames[frames >= 1].tolist():
            which = slice(index, index + 1)
            with torch.inference_mode():
                inputs = make_inputs(*segment.pair_of(which))
            for name, side in sides.items():
                drawn[name].append(_cut(inputs[name][0], side, per_frame, rng))
            advance(per_frame)
        return drawn

    parts = run_in_parallel(draw, enumerate(footage.segments), progress)
    return {name: torch.cat([each for part in parts for each in part[name]]) for name in sides}


def _cut(image: Tensor, patch: int, count: int, rng: np.random.Generator) -> Tensor:
    corners = draw_corners(_activity(image, patch), count, rng)
    # Stacked they are copies: views would keep the whole frame.
    return torch.stack([image[:, row : row + patch, left : left + patch] for row, left in corners])


def draw_corners(
    activity: NDArray[np.float32], count: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Draw cells, half by activity and half uniformly.

    Args:
        activity: float32, (rows, columns), not negative.
        count: How many cells.
        rng: Source of randomness.

    Returns:
        (row, column) pairs.
    """
    active = round(count * ACTIVE_SHARE)
    # Where nothing happens at all every cell is as good as another.
    cumulated = np.cumsum(activity + np.finfo(np.float32).tiny, dtype=np.float64)
    spots = np.searchsorted(cumulated, rng.random(active) * cumulated[-1])
    anywhere = rng.integers(activity.size, size=count - active)
    cells = np.minimum(np.concatenate([spots, anywhere]), activity.size - 1)
    rows, columns = np.divmod(cells, activity.shape[1])
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _activity(image: Tensor, patch: int) -> NDArray[np.float32]:
    """Squared magnitude summed over every patch, by the patch's top left corner."""
    squared = (image.numpy() ** 2).sum(0)
    sums = cv2.boxFilter(squared, -1, (patch, patch), anchor=(0, 0), normalize=False)
    rows, columns = (side - patch + 1 for side in squared.shape)
    activity: NDArray[np.float32] = np.maximum(sums[:rows, :columns], 0)
    return activity
