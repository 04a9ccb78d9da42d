"""Patches to learn from: drawn where something happens as well as uniformly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_vad.opencv import cv2
from edge_vad_train.footage import Stretch
from edge_vad_train.streams import StreamInput

ACTIVE_SHARE = 0.5
"""Share of the patches that are drawn in proportion to how much happens in them."""


def draw_patches(
    stretches: Sequence[Stretch],
    stream_input: StreamInput,
    patch: int,
    count: int,
    rng: np.random.Generator,
    progress: Callable[[int], None] = lambda _: None,
) -> Tensor:
    """Draw patches of one stream's input.

    Most of a street is empty, so half of the patches are drawn uniformly and half with a
    probability proportional to the input's squared magnitude summed over the patch.

    Args:
        stretches: Footage to draw from; a stretch's first frame is left out, as it has no motion.
        stream_input: Gives the stream's input.
        patch: Side of a patch, px of the input.
        count: How many patches, about; at least one for every frame that is drawn from.
        rng: Source of all randomness.
        progress: Called with the number of patches drawn since the last call.

    Returns:
        float32, (n, channels, patch, patch).
    """
    places = [(stretch, index) for stretch in stretches for index in range(1, len(stretch))]
    chosen = rng.choice(len(places), min(len(places), max(1, count // 16)), replace=False)
    per_frame = -(-count // len(chosen))
    drawn: list[Tensor] = []
    for place in np.sort(chosen):
        stretch, index = places[place]
        image = stream_input(stretch, slice(index, index + 1))[0]
        corners = draw_corners(_activity(image, patch), per_frame, rng)
        cut = [image[:, row : row + patch, column : column + patch] for row, column in corners]
        drawn.append(torch.stack(cut))  # copies: a view would keep the whole frame
        progress(per_frame)
    return torch.cat(drawn)


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
