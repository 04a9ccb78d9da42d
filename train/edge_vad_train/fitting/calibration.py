"""Makes energies comparable by their tail on normal footage, and scores meaningful."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import genpareto
from torch.nn.functional import one_hot

from edge_vad.alarms.alarm import alarm_peaks
from edge_vad.alarms.persistence import persistent_scores
from edge_vad.false_alarms import TAIL_SHARE, NormalTail
from edge_vad.scene_model import Calibration
from edge_vad_train.data.footage import Footage
from edge_vad_train.data.full_pass import FrameBatch, ReadBatches, read_every_frame
from edge_vad_train.datasets import Clip
from edge_vad_train.model.fusion import calibrated, fuse, highest_cells
from edge_vad_train.model.scene_network import SceneEnergies
from edge_vad_train.parallel import run_in_parallel
from edge_vad_train.settings import TrainSettings

_SMALLEST_SCALE = 0.1
_ENOUGH_FRAMES = 1000
_ENOUGH_PEAKS = 20
_HEAVIEST_SHAPE = 0.5
_USUAL_EXCESS = 1.0
_WIDEST_GAP = 5.0


class FrameEnergies(NamedTuple):
    """The highest energies of frames in a row.

    Attributes:
        highest: By the energy's name, float32, (n,), nats.
        light: (n,), the number of the light that there was.
    """

    highest: dict[str, NDArray[np.float32]]
    light: NDArray[np.intp]


def measure_energies(
    clips: Sequence[Clip],
    footage: Footage,
    folds: Sequence[SceneEnergies],
    settings: TrainSettings,
    names: Collection[str],
    progress: Callable[[int], None],
) -> list[FrameEnergies]:
    """Score every frame of the footage by energies that were not fitted to it.

    Args:
        clips: That the footage was prepared from.
        footage: What is kept of it is not decoded again, where that is all.
        folds: For each fold, energies that were fitted without it.
        settings: Of the training.
        names: Of the energies that count.
        progress: Called with the frames scored since the last call.

    Returns:
        One for each run of frames without a break.
    """

    def measure(read: ReadBatches, advance: Callable[[int], None]) -> list[FrameEnergies]:
        rows: list[_Row] = []
        for batch in read(advance):
            if batch.begins:
                rows.append(_Row(names))
            rows[-1].add(batch, folds[batch.fold], settings.score_cells)
        return [row.energies for row in rows]

    work = read_every_frame(clips, footage, settings.motion)
    return [each for rows in run_in_parallel(measure, work, progress) for each in rows]


class _Row:
    """The energies of frames in a row, as numbers.

    Thousands of small arrays, each kept between large ones that come and go, would leave holes in
    the heap: with twenty minutes of footage memory once grew to eleven gigabytes.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._highest: dict[str, list[float]] = {name: [] for name in names}
        self._light: list[int] = []

    def add(self, batch: FrameBatch, energies: SceneEnergies, score_cells: int) -> None:
        with torch.inference_mode():
            inputs = energies.inputs_of(batch.frames, batch.motion)
            for name, each in energies.of(inputs, self._highest).items():
                self._highest[name] += highest_cells(each, score_cells).tolist()
        light = inputs.light
        self._light += [0] * len(batch.frames) if light is None else light.argmax(1).tolist()

    @property
    def energies(self) -> FrameEnergies:
        highest = {name: np.array(each, np.float32) for name, each in self._highest.items()}
        return FrameEnergies(highest, np.array(self._light, np.intp))


def _concatenate(row: Sequence[FrameEnergies]) -> FrameEnergies:
    highest = {
        name: np.concatenate([each.highest[name] for each in row]) for name in row[0].highest
    }
    return FrameEnergies(highest, np.concatenate([each.light for each in row]))


def shares_by_gap(gaps: Mapping[str, float]) -> dict[str, float]:
    """The energies' shares of the false alarms, by how well each generalises.

    Proportional to `exp(-gap)`: to the likelihood of an active cell that was left out, over that of
    one fitted to (geometric means). What knows its own footage alone cannot tell what is anomalous.

    Args:
        gaps: By the energy's name, nats; see `FittedEnergies`.

    Example:
        >>> shares_by_gap({"physical": 0.0, "joint": 0.0})
        {'physical': 0.5, 'joint': 0.5}
    """
    least = min(gaps.values())
    weights = {name: math.exp(max(least - gap, -_WIDEST_GAP)) for name, gap in gaps.items()}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def calibrate(
    energies: Sequence[FrameEnergies], shares: Mapping[str, float], lights: int = 1
) -> dict[str, Calibration]:
    """Make energies comparable: each becomes a rate of false alarms.

    Above the level that a fifth of normal frames pass, the tail is taken as exponential: what an
    energy exceeds it by, over the mean excess, says how many times e-fold rarer it is. Each energy
    may raise its share of the false alarms: one of share p counts `-log p` less.

    Args:
        energies: Of normal frames that the energies were not fitted to.
        shares: By the energy's name.
        lights: How many kinds of light there are; one of few frames is calibrated by all.
    """
    every = _concatenate(energies)
    calibrations = {}
    for name, share in shares.items():
        highest = every.highest[name]
        by_light = [highest[every.light == light] for light in range(lights)]
        known = [each if len(each) >= _ENOUGH_FRAMES else highest for each in by_light]
        starts, scales = zip(*(_exponential_tail(each) for each in known), strict=True)
        locations = [
            start - scale * math.log(share) for start, scale in zip(starts, scales, strict=True)
        ]
        calibrations[name] = Calibration(tuple(locations), scales, 1.0)
    return calibrations


def _exponential_tail(highest: NDArray[np.float32]) -> tuple[float, float]:
    """Where the tail starts, and the mean excess over that, nats."""
    start = float(np.quantile(highest, 1 - TAIL_SHARE))
    return start, max(float((highest[highest >= start] - start).mean()), _SMALLEST_SCALE)


def fused_scores(
    energies: FrameEnergies, calibrations: Mapping[str, Calibration]
) -> NDArray[np.float32]:
    """The scores of frames in a row, float32, (n,), as the network has them."""
    fused: NDArray[np.float32] = fuse(
        calibrated(
            torch.from_numpy(energies.highest[name])[:, None, None],
            each,
            one_hot(torch.from_numpy(energies.light), len(each.locations)).float(),
        )
        for name, each in calibrations.items()
    )[:, 0, 0].numpy()
    return fused


def fit_tail(
    scores: Sequence[NDArray[np.float32]], fps: float, mean_fps: float | None = None
) -> NormalTail:
    """Fit the tail of normal scores: peaks over threshold (Coles 2001).

    As at run time persistent scores count, and frames that pass the start of the tail within the
    same quiet time are one alarm: see `edge_vad.alarms.alarm`. The tail begins where a fifth of the
    frames pass. The highest score of each alarm is a peak, and the excesses of the peaks follow a
    generalised Pareto distribution. Of few peaks its shape cannot
    be told: they are taken as exponential, and what n of them leave open about their mean makes the
    tail of the next one heavier. That a mean is of the order of 1 is known beforehand, for scores
    are calibrated; it counts as one more peak, of an excess of 1. With S the sum of all n + 1 the
    next one exceeds x with the probability `(1 + x / S) ** -(n + 1)`, the posterior predictive
    under the inverse gamma prior of shape and scale 1, and a generalised Pareto distribution.

    Args:
        scores: Frame scores of each run of normal footage, in order of time.
        fps: Frames a second.
        mean_fps: Frames a second on the average, where they come irregularly; `fps` when None.
    """
    persistent = [persistent_scores(run) for run in scores]
    every = np.concatenate(persistent)
    start = float(np.quantile(every, 1 - TAIL_SHARE))
    peaks = [peak for run in persistent for peak in alarm_peaks(run, start, fps)]
    excesses = np.maximum(np.array(peaks) - start, 1e-6)
    count = len(excesses) + 1
    shape, scale = 1 / count, float(excesses.sum() + _USUAL_EXCESS) / count
    if len(excesses) >= _ENOUGH_PEAKS:
        shape, _, scale = (float(value) for value in genpareto.fit(excesses, floc=0))
        if not 0 <= shape <= _HEAVIEST_SHAPE:
            shape = float(np.clip(shape, 0, _HEAVIEST_SHAPE))
            # Keeps the mean of the excesses, which is scale / (1 - shape).
            scale = float(excesses.mean()) * (1 - shape)
    hours = len(every) / (mean_fps or fps) / 3600
    return NormalTail(hours, len(every), start, len(peaks) / hours, scale, shape)
