"""From what was learnt of a scene to the scene: the tail of its scores, and its card."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from importlib.metadata import version

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_vad.empty_picture import encode_empty
from edge_vad.scene_model import SCHEMA, Energies, Grid, SceneCard, Training
from edge_vad_train.calibration import energy_maps, fit_tail
from edge_vad_train.checkpoint import TrainedScene
from edge_vad_train.choosing import Trial
from edge_vad_train.footage import Footage, Stretch
from edge_vad_train.network import SceneEnergies, SceneNetwork, fuse
from edge_vad_train.settings import TrainSettings
from edge_vad_train.side_by_side import run_side_by_side
from edge_vad_train.streams import background_of, frames_of, motion_of
from edge_vad_train.tuning import TUNED

_SAMPLES = 8


def complete(
    footage: Footage,
    trial: Trial,
    settings: TrainSettings,
    progress: Callable[[int], None],
) -> TrainedScene:
    """Fit the tail of ordinary scores and put the scene together.

    Args:
        footage: That it was learnt from.
        trial: What was learnt and chosen.
        settings: That it was learnt with.
        progress: Called with the frames scored since the last call.
    """
    energies, calibrations, choice = trial.energies, trial.calibrations, trial.choice
    scores = run_side_by_side(
        lambda case, tell: _scores(*case, calibrations, tell), trial.cases, progress
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
            place_say=trial.place_say,
            tuned={name: getattr(settings, name) for name in TUNED if settings.tune and choice},
        ),
        empty=(_empty(footage),),
    )
    sample_frames, sample_motion = _samples(footage)
    network = SceneNetwork(energies, calibrations).eval()
    return TrainedScene(card, settings.design, network, sample_frames, sample_motion)


def _empty(footage: Footage) -> bytes:
    """The picture by which a camera that shows another scene is told."""
    picture = background_of(footage)[0].permute(1, 2, 0).numpy() * 255
    return encode_empty(picture.round().clip(0, 255).astype(np.uint8))


def _scores(
    energies: SceneEnergies,
    stretch: Stretch,
    calibrations: Energies,
    progress: Callable[[int], None],
) -> NDArray[np.float32]:
    """The scores of a whole stretch."""
    return np.concatenate(
        [
            fuse(maps, presences, calibrations).amax((1, 2)).numpy()
            for [maps], presences in energy_maps([energies], stretch, progress)
        ]
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
