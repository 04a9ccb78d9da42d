"""From footage to a trained scene."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from lightning_fabric import Fabric
from torch import Tensor

from edge_vad_train.appearance import Appearance
from edge_vad_train.bad_weather import Copy, in_bad_weather
from edge_vad_train.checkpoint import TrainedScene
from edge_vad_train.choosing import Trial, choose, frames_to_choose, place_says_of
from edge_vad_train.completing import complete
from edge_vad_train.datasets import Clip
from edge_vad_train.fit import Diverged, FitSettings, Fitted, fit_stream
from edge_vad_train.footage import Footage, FrameSize, Stretch, prepare, working_size
from edge_vad_train.latents import LearntScene, fit_mixtures
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
from edge_vad_train.tuning import sigmas_to_learn, tune

STREAMS = ("appearance", "motion")

_HELD_BACK_SHARE = 1 / 25
"""Patches to validate on, as a share of those that a stream learns from."""

_FEWEST_ACTIVE = 2
"""Latent dimensions that tell something in a stream that has not collapsed."""

_LEAST_TOLD = 0.62
"""Mean AUC over the kinds of self-made anomalies below which a scene has learnt nothing.

With both streams collapsed 0.58 was measured, after hardly any steps 0.66, on UCSD Ped2 0.70.
"""


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
    streams = _learn(patches, settings, fabric, stages, work)
    with stages.stage("making bad weather", None) as advance:
        copies = in_bad_weather(
            footage.fitting,
            work / "weather",
            footage.fps,
            settings.motion,
            settings.seed,
            lambda frames: advance(frames, ""),
        )

    def attempt(tried: TrainSettings, place_says: Sequence[float]) -> Trial:
        looks, moves = _fitted(streams, tried)
        encoders = looks.model.encoder, moves.model.encoder
        learnt = _fit_mixtures(footage, copies, appearance, encoders, tried, stages)
        with stages.stage("choosing weights", frames_to_choose(footage)) as advance:
            return choose(
                footage, learnt, place_says, tried.seed, lambda frames: advance(frames, "")
            )

    trial = attempt(settings, place_says_of(footage))
    if settings.tune and trial.choice is None:
        stages.warn("nobody moves in this footage, so nothing could be tuned on it")
    elif settings.tune:
        known = (trial.place_say,)
        settings, trial = tune(settings, trial, lambda tried: attempt(tried, known))
    _warn_of_streams(_fitted(streams, settings), trial, settings, stages)
    _warn_of_blindness(trial, stages)
    frames = sum(len(stretch) for _, stretch in trial.cases)
    with stages.stage("calibrating", frames) as advance:
        scene = complete(footage, trial, settings, lambda frames: advance(frames, ""))
    scene.save(folder)
    shutil.rmtree(work)
    return scene


class _Patches(NamedTuple):
    """What one stream learns from, and what it is validated on."""

    fitting: Tensor
    held_back: Tensor


_Streams = dict[tuple[str, float], Fitted | Diverged]
"""Name and sigma of a stream to what came of it."""


def _draw(
    name: str, view: StreamInput, footage: Footage, settings: TrainSettings, stages: Stages
) -> _Patches:
    """Draw the patches of one stream."""
    number, patch = STREAMS.index(name), getattr(settings.design, name).patch
    counts = settings.patches, round(_HELD_BACK_SHARE * settings.patches)
    with stages.stage(f"drawing patches of {name}", sum(counts)) as advance:

        def draw(stretches: Sequence[Stretch], count: int, *of: int) -> Tensor:
            rng = np.random.default_rng([settings.seed, number, *of])
            return draw_patches(
                stretches, view, patch, count, rng, lambda drawn: advance(drawn, "")
            )

        return _Patches(draw(footage.fitting, counts[0]), draw(footage.held_back, counts[1], 1))


def _learn(
    patches: dict[str, _Patches],
    settings: TrainSettings,
    fabric: Fabric,
    stages: Stages,
    work: Path,
) -> _Streams:
    """Learn both streams side by side, with every sigma that may be chosen.

    Raises:
        Diverged: A stream cannot be fitted with the sigma that is set.
    """
    names = [(name, sigma) for name in patches for sigma in sigmas_to_learn(settings, name)]
    with stages.stage("learning both streams", len(names) * settings.steps) as advance:

        def learn(
            stream: tuple[str, float], progress: Callable[[int, float], None]
        ) -> Fitted | Diverged:
            name, sigma = stream
            try:
                return fit_stream(
                    *patches[name],
                    getattr(settings.design, name),
                    FitSettings(sigma=sigma, steps=settings.steps, seed=settings.seed),
                    fabric,
                    work / f"{name}-{sigma:g}.safetensors",
                    progress,
                )
            except Diverged as error:
                return error

        learnt = run_side_by_side(
            learn, names, lambda steps, loss: advance(steps, f"loss {loss:.1f}")
        )
    streams = dict(zip(names, learnt, strict=True))
    _fitted(streams, settings)  # better told now than after minutes of other work
    return streams


def _fitted(streams: _Streams, settings: TrainSettings) -> tuple[Fitted, ...]:
    """Both streams as they were fitted with these settings; raises what one diverged with."""
    fitted = []
    for name in STREAMS:
        stream = streams[name, getattr(settings, f"{name}_sigma")]
        if isinstance(stream, Diverged):
            raise stream
        fitted.append(stream)
    return tuple(fitted)


def _warn_of_streams(
    fitted: Sequence[Fitted], trial: Trial, settings: TrainSettings, stages: Stages
) -> None:
    for name, stream in zip(STREAMS, fitted, strict=True):
        if stream.is_overfit:
            stages.warn(
                f"the {name} stream has its weights of step {stream.steps}: "
                "later ones tell held-back footage no better"
            )
    for name, active in trial.active_dimensions.items():
        if active < min(_FEWEST_ACTIVE, settings.latent):
            stages.warn(
                f"the {name} stream has collapsed: {active} of {settings.latent} latent dimensions "
                f"tell anything; train again with another --seed or a smaller --{name}-sigma"
            )


def _warn_of_blindness(trial: Trial, stages: Stages) -> None:
    if trial.choice is None:
        return
    told = float(np.mean(list(trial.choice.aucs.values())))
    if told < _LEAST_TOLD:
        stages.warn(
            f"this training tells anomalies made from ordinary frames hardly better than chance "
            f"({told:.0%} on the mean): train again with another --seed, or on more footage"
        )


def _fit_mixtures(
    footage: Footage,
    copies: Sequence[Copy],
    appearance: Appearance,
    encoders: tuple[Encoder, Encoder],
    settings: TrainSettings,
    stages: Stages,
) -> LearntScene:
    with stages.stage("fitting mixtures", len(EnergyMaps._fields)) as advance:
        return fit_mixtures(
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


def _announced(clips: Sequence[Clip]) -> int | None:
    """Frames of all clips, where all say how many they have."""
    total = 0
    for clip in clips:
        with clip.open() as source:
            if source.length is None:
                return None
            total += source.length
    return total
