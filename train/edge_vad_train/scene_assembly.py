"""Puts together what a training leaves: card, network, and samples of the footage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from importlib.metadata import version

import numpy as np
import torch
from torch import Tensor

from edge_vad.false_alarms import NormalTail
from edge_vad.preprocessing.background_picture import encode_background
from edge_vad.scene_model import SCHEMA, Calibration, Grid, SceneCard, Training
from edge_vad_train.checkpoint import Design, TrainedScene
from edge_vad_train.data.footage import Footage
from edge_vad_train.model.background import Background
from edge_vad_train.model.scene_network import SceneEnergies, SceneNetwork
from edge_vad_train.settings import TrainSettings

_UNWEIGHTED = Calibration(locations=(0.0,), scales=(1.0,), weight=0.0)
"""Of an energy that is put out for evaluation alone."""

_SAMPLES = 8


def assemble_scene(
    footage: Footage,
    settings: TrainSettings,
    background: Background,
    energies: SceneEnergies,
    calibrations: Mapping[str, Calibration],
    normal: NormalTail,
) -> TrainedScene:
    """Put a trained scene together.

    Args:
        footage: What it was learnt from.
        settings: Of the training, at the footage's rate.
        background: Background pictures, by which a camera that shows another scene is told.
        energies: Fitted to all of the footage.
        calibrations: Of the energies that count.
        normal: How often normal scores climb how high.
    """
    unweighted = {name: _UNWEIGHTED for name in energies.energies if name not in calibrations}
    every = {**calibrations, **unweighted}
    card = _card(footage, settings, every, normal, _pictures(background))
    network = SceneNetwork(energies, every, settings.score_cells).eval()
    return TrainedScene(card, _design(settings, energies), network, *_samples(footage))


def _design(settings: TrainSettings, energies: SceneEnergies) -> Design:
    return Design(
        recipe=settings.recipe,
        streams=settings.architectures,
        components={name: each.components for name, each in energies.energies.items()},
        lights=energies.lights,
        score_cells=settings.score_cells,
    )


def _card(
    footage: Footage,
    settings: TrainSettings,
    calibrations: dict[str, Calibration],
    normal: NormalTail,
    pictures: tuple[bytes, ...],
) -> SceneCard:
    motion, downscale = settings.architectures["motion"], settings.motion.downscale
    rows, columns = settings.grid(footage.size.height, footage.size.width)
    return SceneCard(
        schema=SCHEMA,
        height=footage.size.height,
        width=footage.size.width,
        fps=footage.fps,
        motion=settings.motion,
        grid=Grid(rows, columns, motion.patch * downscale, motion.stride * downscale),
        energies=calibrations,
        normal=normal,
        training=Training(
            sources=footage.clips,
            frames=footage.frames,
            seed=settings.seed,
            created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            versions={name: version(name) for name in ("edge-vad", "torch", "scikit-learn")},
            recipe=settings.recipe,
        ),
        empty=pictures,
        ignored=footage.settings.ignored,
        score_cells=settings.score_cells,
    )


def _pictures(background: Background) -> tuple[bytes, ...]:
    """The background pictures as the card has them, one for each light."""
    pictures = (background.pictures[0] * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    return tuple(encode_background(np.repeat(each[..., None], 3, 2)) for each in pictures)


def _samples(footage: Footage) -> tuple[Tensor, Tensor]:
    """Frames from all over the footage, to check exports with."""
    segments = [segment for segment in footage.segments if len(segment) > 1]
    picks = []
    for number in range(_SAMPLES):
        segment = segments[number * len(segments) // _SAMPLES]
        index = 1 + (number * 7919) % (len(segment) - 1)
        picks.append(segment.pair_of(slice(index, index + 1)))
    frames, motion = (torch.cat(each) for each in zip(*picks, strict=True))
    return frames, motion
