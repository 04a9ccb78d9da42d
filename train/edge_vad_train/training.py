"""From footage to a trained scene."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor

from edge_vad.motion import MotionSettings
from edge_vad.scene_model import SCHEMA, Energies, Grid, SceneCard, Training
from edge_vad_train.appearance import SILHOUETTES, Appearance
from edge_vad_train.bad_weather import in_bad_weather
from edge_vad_train.calibration import calibrate, energy_maps, fit_tail
from edge_vad_train.checkpoint import Design, TrainedScene
from edge_vad_train.datasets import Clip
from edge_vad_train.fit import FitSettings, fit_stream
from edge_vad_train.footage import Footage, FrameSize, Stretch, prepare, working_size
from edge_vad_train.latents import LearntScene, fit_mixtures
from edge_vad_train.mixture import NOISE_FLOOR
from edge_vad_train.model import Architecture, Encoder, Layer
from edge_vad_train.network import EnergyMaps, SceneEnergies, SceneNetwork, attribute, fuse
from edge_vad_train.patches import draw_patches
from edge_vad_train.self_made import FRAMES, Case, Choice, choose_weights, measure_peaks
from edge_vad_train.side_by_side import run_side_by_side
from edge_vad_train.streams import (
    StreamInput,
    appearance_view,
    background_of,
    frames_of,
    motion_of,
    motion_view,
)

LAYERS = {
    4: (Layer(16, 4, 2), Layer(32, 5, 1), Layer(32, 2, 1)),
    8: (Layer(16, 4, 2), Layer(32, 4, 2), Layer(32, 2, 1)),
    16: (Layer(16, 4, 2), Layer(32, 4, 2), Layer(32, 2, 2)),
}
"""The encoders' layers by the distance between cells, px of the frame.

All have a receptive field of 14 px at half the frame's resolution, 28 px of it. Channels are
multiples of 16, which processors like.
"""

_SAMPLES = 8

PLACE_SAYS = (1.0, 2.0, 4.0)
"""How much it may count where something is seen.

Place is one sign beside a joint latent's eighteen, so it may have to count more to be heard. Where
people keep to their paths that finds who leaves them; where footage is short, and shows few of the
places where people walk, it makes the others strange.
"""

_FEWEST_ACTIVE = 2
"""Latent dimensions that tell something in a stream that has not collapsed."""

_ENOUGH_TO_LEAVE_ONE_OUT = 5
"""Stretches of which one can be scored by what the others tell of places."""


class TrainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides what a training gives, besides the footage.

    Attributes:
        seed: Seed of everything random.
        steps: Optimiser steps a stream.
        latent: D, latent dimensions of each stream.
        components: K, components of the mixtures; the joint one has twice as many.
        cell: Distance between neighbouring cells of the anomaly map, px of the frame, one of
            `LAYERS`.
        noise_floor: Added to every variance of the mixtures.
        appearance_sigma: Reconstruction noise of the appearance stream, 1 is a whole silhouette.
        motion_sigma: Reconstruction noise of the motion stream, px a frame.
        patches: Patches that each stream learns from.
        cells: Latents that each mixture is fitted to.
        frame_budget: Most frames that are kept of the footage.
        motion: Optical flow and pooling.
    """

    seed: int = 0
    steps: int = 2500
    latent: int = 8
    components: int = 24
    cell: int = 8
    noise_floor: float = NOISE_FLOOR
    appearance_sigma: float = 0.15
    motion_sigma: float = 2.5
    patches: int = 50_000
    cells: int = 60_000
    frame_budget: int = 12_000
    motion: MotionSettings = MotionSettings()

    @property
    def design(self) -> Design:
        """Shape of the network."""
        return Design(
            appearance=self._stream(SILHOUETTES),
            motion=self._stream(self.motion.pooling.channels),
            components=(self.components, self.components, 2 * self.components),
        )

    def _stream(self, inputs: int) -> Architecture:
        return Architecture(inputs, LAYERS[self.cell], self.latent, self.components)


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
    with stages.stage("calibrating", _frames_to_calibrate(footage)) as advance:
        scene = _calibrate(footage, learnt, settings, lambda frames: advance(frames, ""))
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


def _frames_to_calibrate(footage: Footage) -> int:
    """How many frames will be scored."""
    held_back = sum(map(len, footage.held_back))
    tried = held_back + FRAMES
    return tried * len(_says(footage)) + held_back + sum(map(len, _left_out(footage)))


def _calibrate(
    footage: Footage,
    learnt: LearntScene,
    settings: TrainSettings,
    progress: Callable[[int], None],
) -> TrainedScene:
    """Calibrate the scene, and put it together."""
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


def _announced(clips: Sequence[Clip]) -> int | None:
    """Frames of all clips, where all say how many they have."""
    total = 0
    for clip in clips:
        with clip.open() as source:
            if source.length is None:
                return None
            total += source.length
    return total
