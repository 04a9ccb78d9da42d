"""Makes energies comparable on held-back footage, and scores meaningful."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import genpareto
from torch import Tensor

from edge_vad.false_alarms import QUIET_S, TAIL_SHARE, NormalTail
from edge_vad.scene_model import Calibration
from edge_vad.sustained import sustained
from edge_vad_train.footage import Stretch
from edge_vad_train.network import EnergyMaps, SceneEnergies, median_cell, score_by_all
from edge_vad_train.streams import frames_of, motion_of

_BATCH = 4
"""Frames scored at once: what is computed of more does not fit into caches."""
_SMALLEST_SCALE = 1.0
_ENOUGH_PEAKS = 20
_HEAVIEST_SHAPE = 0.5
_USUAL_EXCESS = 1.0


def calibrate(energy: Tensor) -> Calibration:
    """Calibrate an energy; its weight is 1.

    Args:
        energy: float32, (frames, rows, columns), of normal footage, nats.
    """
    middle, high = np.percentile(energy.amax((1, 2)).numpy(), [50, 95])
    ground = float(median_cell(energy).max())
    return Calibration(float(middle), float(max(high - middle, _SMALLEST_SCALE)), 1.0, ground)


def energy_maps(
    variants: Sequence[SceneEnergies],
    stretch: Stretch,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[tuple[list[EnergyMaps], EnergyMaps]]:
    """Score a stretch, some frames at a time: by all variants, and where something is."""
    first = variants[0]
    for start in range(0, len(stretch), _BATCH):
        batch = slice(start, start + _BATCH)
        frames = frames_of(stretch, batch)
        with torch.inference_mode():
            images = first.images(frames, motion_of(stretch, batch))
            glance = first.appearance.glance(frames)
            presences = first.presences(images.look, glance, images.move)
            yield score_by_all(variants, images), presences
        progress(len(frames))


def fit_tail(scores: Sequence[NDArray[np.float32]], fps: float) -> NormalTail:
    """Fit the tail of normal scores: peaks over threshold (Coles 2001).

    As at run time a score counts as far as it is sustained. The tail begins where a fifth of the
    frames pass. Frames that pass it less than `QUIET_S` apart are one alarm, as they are one alarm
    at run time; the highest score of each is a peak, and the excesses of the peaks follow a
    generalised Pareto distribution. Of few peaks its shape cannot
    be told: they are taken as exponential, and what n of them leave open about their mean makes the
    tail of the next one heavier. That a mean is of the order of 1 is known beforehand, for scores
    are calibrated; it counts as one more peak, of an excess of 1. With S the sum of all n + 1 the
    next one exceeds x with the probability `(1 + x / S) ** -(n + 1)`, the posterior predictive
    under the inverse gamma prior of shape and scale 1, and a generalised Pareto distribution.

    Args:
        scores: Frame scores of each stretch of normal footage, in order of time.
        fps: Frames a second.
    """
    kept_up = [sustained(stretch) for stretch in scores]
    every = np.concatenate(kept_up)
    start = float(np.quantile(every, 1 - TAIL_SHARE))
    peaks = [peak for stretch in kept_up for peak in _peaks(stretch, start, QUIET_S * fps)]
    excesses = np.maximum(np.array(peaks) - start, 1e-6)
    count = len(excesses) + 1
    shape, scale = 1 / count, float(excesses.sum() + _USUAL_EXCESS) / count
    if len(excesses) >= _ENOUGH_PEAKS:
        shape, _, scale = (float(value) for value in genpareto.fit(excesses, floc=0))
        if not 0 <= shape <= _HEAVIEST_SHAPE:
            shape = float(np.clip(shape, 0, _HEAVIEST_SHAPE))
            # Keeps the mean of the excesses, which is scale / (1 - shape).
            scale = float(excesses.mean()) * (1 - shape)
    hours = len(every) / fps / 3600
    return NormalTail(hours, len(every), start, len(peaks) / hours, scale, shape)


def _peaks(scores: NDArray[np.float32], start: float, quiet_frames: float) -> list[float]:
    """The highest score of every alarm above `start`."""
    passing = np.flatnonzero(scores >= start)
    if not len(passing):
        return []
    alarms = np.split(passing, np.flatnonzero(np.diff(passing) > quiet_frames) + 1)
    return [float(scores[alarm].max()) for alarm in alarms]
