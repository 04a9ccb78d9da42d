"""From what was learnt of a scene to the scene: weights, calibrations and thresholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_vad.scene_model import SCHEMA, Energies, Grid, SceneCard, Training
from edge_vad_train.calibration import calibrate, energy_maps, fit_tail
from edge_vad_train.checkpoint import TrainedScene
from edge_vad_train.footage import Footage, Stretch
from edge_vad_train.latents import LearntScene
from edge_vad_train.network import EnergyMaps, SceneEnergies, SceneNetwork, attribute, fuse
from edge_vad_train.self_made import FRAMES, Case, Choice, choose_weights, measure_peaks
from edge_vad_train.settings import TrainSettings
from edge_vad_train.side_by_side import run_side_by_side
from edge_vad_train.streams import frames_of, motion_of

_SAMPLES = 8

PLACE_SAYS = (1.0, 4.0, 8.0)
"""How much it may count where something is seen.

Place is one sign beside a joint latent's eighteen, so it may have to count more to be heard. Where
people keep to their paths that finds who leaves them; where footage is short, and shows few of the
places where people walk, it makes the others strange.
"""

_ENOUGH_TO_LEAVE_ONE_OUT = 5
"""Stretches of which one can be scored by what the others tell of places."""


class _Trial(NamedTuple):
    """The scene with one of the `PLACE_SAYS`."""

    place_say: float
    energies: SceneEnergies
    cases: list[Case]
    calibrations: Energies
    choice: Choice | None

    @property
    def merit(self) -> float:
        """How well it tells self-made anomalies; 0 where nobody moves of whom to make one."""
        return self.choice.merit if self.choice else 0.0


def _try(
    place_say: float,
    learnt: LearntScene,
    footage: Footage,
    seed: int,
    progress: Callable[[int], None],
) -> _Trial:
    energies = learnt.energies(place_say)
    held_back = run_side_by_side(
        lambda stretch, tell: _maps(energies, stretch, tell), footage.held_back, progress
    )
    calibrations = Energies(*(calibrate(torch.cat(each)) for each in zip(*held_back, strict=True)))
    cases = [(energies, stretch) for stretch in footage.held_back]
    cases += [
        (learnt.energies(place_say, without=number), stretch)
        for number, stretch in enumerate(_left_out(footage))
    ]
    peaks = measure_peaks(cases, calibrations, seed, progress)
    if peaks is None:
        return _Trial(place_say, energies, cases, calibrations, None)
    choice = choose_weights(peaks)
    return _Trial(place_say, energies, cases, _weighted(calibrations, choice.weights), choice)


def _left_out(footage: Footage) -> Sequence[Stretch]:
    """Stretches to be scored one by one by what the others tell of places; none of few."""
    return footage.fitting if len(footage.fitting) >= _ENOUGH_TO_LEAVE_ONE_OUT else ()


def _says(footage: Footage) -> tuple[float, ...]:
    """How much it may count where something is seen: once, where nothing can be left out."""
    return PLACE_SAYS if _left_out(footage) else PLACE_SAYS[:1]


def frames_to_complete(footage: Footage) -> int:
    """How many frames `complete` will score."""
    held_back = sum(map(len, footage.held_back))
    tried = held_back + FRAMES
    return tried * len(_says(footage)) + held_back + sum(map(len, _left_out(footage)))


def complete(
    footage: Footage,
    learnt: LearntScene,
    settings: TrainSettings,
    progress: Callable[[int], None],
) -> TrainedScene:
    """Choose what is still open, calibrate the scene, and put it together.

    Args:
        footage: That it was learnt from.
        learnt: What was learnt.
        settings: Of the training.
        progress: Called with the frames scored since the last call.
    """
    trials = (_try(say, learnt, footage, settings.seed, progress) for say in _says(footage))
    place_say, energies, cases, calibrations, choice = max(trials, key=lambda trial: trial.merit)
    scores = run_side_by_side(
        lambda case, tell: _scores(*case, calibrations, tell), cases, progress
    )
    patch, stride = settings.design.motion.patch, settings.design.motion.stride
    downscale = settings.motion.downscale
    rows, columns = energies.motion_energy.constant.shape[2:]
    card = SceneCard(
        schema=SCHEMA,
        height=footage.size.height,
        width=footage.size.width,
        fps=footage.fps,
        motion=settings.motion,
        grid=Grid(rows, columns, patch * downscale, stride * downscale),
        energies=calibrations,
        normal=fit_tail([each[1:] for each in scores], footage.fps),
        training=Training(
            sources=footage.clips,
            frames=footage.frames,
            seed=settings.seed,
            created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            versions={name: version(name) for name in ("edge-vad", "torch", "scikit-learn")},
            self_made=choice.aucs if choice else {},
            place_say=place_say,
        ),
    )
    sample_frames, sample_motion = _samples(footage)
    network = SceneNetwork(energies, calibrations).eval()
    return TrainedScene(card, settings.design, network, sample_frames, sample_motion)


def _maps(energies: SceneEnergies, stretch: Stretch, progress: Callable[[int], None]) -> EnergyMaps:
    """The energies of a whole stretch."""
    maps = [maps for maps, _ in energy_maps(energies, stretch, progress)]
    return EnergyMaps(*map(torch.cat, zip(*maps, strict=True)))


def _scores(
    energies: SceneEnergies,
    stretch: Stretch,
    calibrations: Energies,
    progress: Callable[[int], None],
) -> NDArray[np.float32]:
    """The scores of a whole stretch."""
    return np.concatenate(
        [
            attribute(fuse(maps, calibrations), presence).amax((1, 2)).numpy()
            for maps, presence in energy_maps(energies, stretch, progress)
        ]
    )


def _weighted(calibrations: Energies, weights: tuple[float, float, float]) -> Energies:
    return Energies(
        *(
            msgspec.structs.replace(getattr(calibrations, name), weight=weight)
            for name, weight in zip(EnergyMaps._fields, weights, strict=True)
        )
    )


def _samples(footage: Footage) -> tuple[Tensor, Tensor]:
    """Held-back frames from all over the footage, to check exports with."""
    stretches = footage.held_back
    picks = []
    for number in range(_SAMPLES):
        stretch = stretches[number * len(stretches) // _SAMPLES]
        index = 1 + (number * 7919) % (len(stretch) - 1)
        picks.append((stretch, slice(index, index + 1)))
    return (
        torch.cat([frames_of(*pick) for pick in picks]),
        torch.cat([motion_of(*pick) for pick in picks]),
    )
