"""Draws what mixtures are fitted to: latents of cells in which something is or moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from edge_vad_train.data.footage import Footage, Segment
from edge_vad_train.model.scene_network import JOINT, PHYSICAL
from edge_vad_train.model.stream_inputs import STREAMS, PerspectiveInputs, StreamInputs
from edge_vad_train.model.vae import Encoder
from edge_vad_train.parallel import run_in_parallel
from edge_vad_train.seeds import Use, generator

_FEATURE_NOISE = (0.07, 0.07, 0.07, 0.05, 0.05)
"""Standard deviations of what is added to the cell features, in their units.

Without it the mixture fits the narrow spread of a few walkers, and all others are anomalous.
"""

_MOST_CELLS = 400_000
"""Active cells that are taken of all the footage, about.

Each has the same probability. With as many of every frame, crowded frames count too little and
crowds become anomalous; on UCSD Ped1 that costs more than a point.
"""

_COUNTED_FRAMES = 500


class Cells(NamedTuple):
    """Active cells of the footage that mixtures are fitted to.

    Attributes:
        latents: By the energy's name, float32, (n, D), with the noise that they are known with.
        cell: (n,), which cell of the grid each is.
        fold: (n,), which fold each is of.
    """

    latents: dict[str, NDArray[np.float32]]
    cell: NDArray[np.intp]
    fold: NDArray[np.intp]


def draw_cells(
    footage: Footage,
    make_inputs: PerspectiveInputs,
    encoders: Mapping[str, Encoder],
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Cells:
    """Take the latents of active cells from all over the footage.

    Args:
        footage: To take them from.
        make_inputs: From frames and their motion to what is seen of them.
        encoders: Of both streams.
        seed: Of the choice and of the noise.
        progress: Called with the frames done since the last call.
    """
    share = _MOST_CELLS / max(1.0, _estimate_active(footage, make_inputs))

    def draw(numbered: tuple[int, Segment], advance: Callable[[int], None]) -> list[Cells]:
        number, segment = numbered
        rng = generator(seed, Use.CELLS, number)
        parts = []
        for frames, motion in segment.batches():
            with torch.inference_mode():
                inputs = make_inputs(frames, motion)
                parts.append(_active_cells(inputs, encoders, segment.fold, share, rng))
            advance(len(frames))
        return parts

    drawn = run_in_parallel(draw, enumerate(footage.segments), progress)
    return _concatenate([part for parts in drawn for part in parts])


def _estimate_active(footage: Footage, make_inputs: PerspectiveInputs) -> float:
    """About how many cells of all the footage are active, from frames spread over it."""
    every = max(1, sum(map(len, footage.segments)) // _COUNTED_FRAMES)

    def count(segment: Segment, _: Callable[[int], None]) -> int:
        with torch.inference_mode():
            batches = (make_inputs(*batch) for batch in segment.batches(every))
            return sum(int(_is_active(inputs).sum()) for inputs in batches)

    return float(every * sum(run_in_parallel(count, footage.segments, lambda _: None)))


def _is_active(inputs: StreamInputs) -> NDArray[np.bool_]:
    assert inputs.activity is not None  # noqa: S101 - what has none is not fitted afterwards
    active: NDArray[np.bool_] = inputs.activity[:, 0].numpy() > 0.5
    return active


def _active_cells(
    inputs: StreamInputs,
    encoders: Mapping[str, Encoder],
    fold: int,
    share: float,
    rng: np.random.Generator,
) -> Cells:
    assert inputs.cell_features is not None  # noqa: S101
    active = _is_active(inputs)
    active &= rng.random(active.shape) < share
    frames, rows, columns = np.nonzero(active)

    def take(values: torch.Tensor) -> NDArray[np.float32]:
        return values.numpy()[frames, :, rows, columns]

    latents = {}
    for name, image in inputs.of_encoders.items():
        mean, log_variance = (take(each) for each in encoders[name](image))
        noise = rng.standard_normal(mean.shape, np.float32)
        latents[name] = mean + np.exp(0.5 * log_variance) * noise
    latents[JOINT] = np.concatenate([latents[name] for name in STREAMS], 1)
    features = take(inputs.cell_features)
    noise = rng.standard_normal(features.shape, np.float32) * np.array(_FEATURE_NOISE, np.float32)
    latents[PHYSICAL] = features + noise
    cell = rows * active.shape[2] + columns
    return Cells(latents, cell, np.full(len(cell), fold))


def _concatenate(parts: Sequence[Cells]) -> Cells:
    names = parts[0].latents
    return Cells(
        {name: np.concatenate([part.latents[name] for part in parts]) for name in names},
        np.concatenate([part.cell for part in parts]),
        np.concatenate([part.fold for part in parts]),
    )
