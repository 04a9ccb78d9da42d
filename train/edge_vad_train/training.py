"""From footage to a trained scene."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np
from lightning_fabric import Fabric
from torch import Tensor

from edge_vad_train.appearance import Appearance
from edge_vad_train.bad_weather import in_bad_weather
from edge_vad_train.checkpoint import TrainedScene
from edge_vad_train.completing import complete, frames_to_complete
from edge_vad_train.datasets import Clip
from edge_vad_train.fit import FitSettings, fit_stream
from edge_vad_train.footage import Footage, FrameSize, prepare, working_size
from edge_vad_train.latents import fit_mixtures
from edge_vad_train.model import Encoder
from edge_vad_train.network import EnergyMaps
from edge_vad_train.patches import draw_patches
from edge_vad_train.settings import TrainSettings
from edge_vad_train.side_by_side import run_side_by_side
from edge_vad_train.streams import (
    StreamInput,
    appearance_view,
    background_of,
    motion_view,
)

_FEWEST_ACTIVE = 2
"""Latent dimensions that tell something in a stream that has not collapsed."""


class Stages(Protocol):
    """Shows how far a training is."""

    def stage(
        self, label: str, length: int | None
    ) -> AbstractContextManager[Callable[[int, str], None]]:
        """Begin a stage; what it yields takes the steps done since the last call, and a remark."""

    def warn(self, text: str) -> None:
        """Say what should be known of the footage."""


def train_scene(
    clips: Sequence[Clip],
    folder: Path,
    settings: TrainSettings,
    fabric: Fabric,
    stages: Stages,
    size: FrameSize | None = None,
    *,
    strict: bool = False,
) -> TrainedScene:
    """Train a scene; what an earlier, interrupted call left in `folder` is taken up.

    Args:
        clips: Ordinary footage of one camera.
        folder: Progress is kept here, and the trained scene written.
        settings: What decides the result, besides the footage.
        fabric: Where to train.
        stages: Shows how far it is.
        size: Size of the model's frame; that of the footage, at most 240 rows, when None.
        strict: Raise at the first frame that cannot be read, instead of skipping it.

    Raises:
        BadInput: The footage is broken, too short, or of cameras of different shapes.
        Diverged: A stream cannot be fitted with these settings.
    """
    if size is None:
        with clips[0].open() as source:
            size = working_size(source)
    work = folder / "work"
    with stages.stage("reading footage", _announced(clips)) as advance:
        footage = prepare(
            clips,
            work / "footage",
            settings.motion,
            size,
            settings.frame_budget,
            strict=strict,
            progress=lambda frames: advance(frames, ""),
        )
    if footage.skipped:
        stages.warn(f"frames that could not be read and were skipped: {footage.skipped}")
    appearance = Appearance(background_of(footage))
    views = {"appearance": appearance_view(appearance), "motion": motion_view}
    patches = {name: _draw(name, view, footage, settings, stages) for name, view in views.items()}
    encoders = _learn(patches, settings, fabric, stages, work)
    with stages.stage("making bad weather", None) as advance:
        copies = in_bad_weather(
            footage.fitting,
            work / "weather",
            footage.fps,
            settings.motion,
            settings.seed,
            lambda frames: advance(frames, ""),
        )
    with stages.stage("fitting mixtures", len(EnergyMaps._fields)) as advance:
        learnt = fit_mixtures(
            footage.fitting,
            copies,
            appearance,
            encoders,
            settings.design.components,
            settings.cells,
            settings.seed,
            settings.noise_floor,
            lambda count: advance(count, ""),
        )
    for name, active in learnt.active_dimensions.items():
        if active < min(_FEWEST_ACTIVE, settings.latent):
            stages.warn(
                f"the {name} stream has collapsed: {active} of {settings.latent} latent dimensions "
                f"tell anything; train again with another --seed or a smaller --{name}-sigma"
            )
    with stages.stage("calibrating", frames_to_complete(footage)) as advance:
        scene = complete(footage, learnt, settings, lambda frames: advance(frames, ""))
    scene.save(folder)
    shutil.rmtree(work)
    return scene


def _draw(
    name: str, view: StreamInput, footage: Footage, settings: TrainSettings, stages: Stages
) -> Tensor:
    """Draw the patches that one stream learns from."""
    rng = np.random.default_rng([settings.seed, EnergyMaps._fields.index(name)])
    with stages.stage(f"drawing patches of {name}", settings.patches) as advance:
        return draw_patches(
            footage.fitting,
            view,
            getattr(settings.design, name).patch,
            settings.patches,
            rng,
            lambda count: advance(count, ""),
        )


def _learn(
    patches: dict[str, Tensor],
    settings: TrainSettings,
    fabric: Fabric,
    stages: Stages,
    work: Path,
) -> tuple[Encoder, Encoder]:
    """Learn both streams side by side, and keep their encoders."""
    with stages.stage("learning both streams", len(patches) * settings.steps) as advance:

        def learn(name: str, progress: Callable[[int, float], None]) -> Encoder:
            sigma = getattr(settings, f"{name}_sigma")
            return fit_stream(
                patches[name],
                getattr(settings.design, name),
                FitSettings(sigma=sigma, steps=settings.steps, seed=settings.seed),
                fabric,
                work / f"{name}.safetensors",
                progress,
            ).encoder

        appearance, motion = run_side_by_side(
            learn, tuple(patches), lambda steps, loss: advance(steps, f"loss {loss:.1f}")
        )
    return appearance, motion


def _announced(clips: Sequence[Clip]) -> int | None:
    """Frames of all clips, where all say how many they have."""
    total = 0
    for clip in clips:
        with clip.open() as source:
            if source.length is None:
                return None
            total += source.length
    return total
