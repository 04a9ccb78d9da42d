"""From footage to a trained scene, in the order of work.

Footage is read, the background and the scale of motion are found in it, both streams are trained,
mixtures are fitted to what they make of it, energies are calibrated, and thresholds measured.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from lightning_fabric import Fabric
from torch import Tensor

from edge_vad.errors import BadInput
from edge_vad.false_alarms import NormalTail
from edge_vad.motion.extractor import MotionSettings
from edge_vad.preprocessing.regions import Polygon, in_shares
from edge_vad.scene_model import Calibration
from edge_vad_train.checkpoint import TrainedScene
from edge_vad_train.data.clip_reader import lowest_rate, working_size
from edge_vad_train.data.footage import FOLDS, Footage, FrameSettings, FrameSize
from edge_vad_train.data.frame_cache import cache_footage
from edge_vad_train.data.patches import draw_patches
from edge_vad_train.datasets import Clip
from edge_vad_train.fitting.background import fit_background, sample_greys
from edge_vad_train.fitting.calibration import (
    calibrate,
    fit_tail,
    fused_scores,
    measure_energies,
    shares_by_gap,
)
from edge_vad_train.fitting.cells import draw_cells
from edge_vad_train.fitting.mixtures import fit_energies, mixture_of
from edge_vad_train.fitting.perspective import measure_scale
from edge_vad_train.fitting.vae_training import FitSettings, count_active, fit_stream
from edge_vad_train.model.mixture import SampleEnergy
from edge_vad_train.model.scene_network import JOINT, PHYSICAL, SceneEnergies
from edge_vad_train.model.stream_inputs import STREAMS, PaperInputs, PerspectiveInputs
from edge_vad_train.model.vae import Encoder, StreamVAE
from edge_vad_train.parallel import run_in_parallel
from edge_vad_train.scene_assembly import assemble_scene
from edge_vad_train.settings import TrainSettings
from edge_vad_train.stages import Stages

_COUNTED = {"default": (PHYSICAL, JOINT), "paper": STREAMS}
"""Which energies may raise an alarm."""

_SIGMAS = {"appearance": 0.15, "motion": 0.25}
"""Reconstruction noise: 1 is a whole silhouette, and ordinary speed at its place."""

_PAPER_SIGMA = 0.5
"""The paper's recipe: as a share of the root mean square of what a stream sees."""

_FEWEST_ACTIVE = 2
"""Active latent dimensions of a stream that has not collapsed."""


class _Fitted(NamedTuple):
    """What was fitted: energies without one fold each, those of all footage, and their gaps."""

    folds: list[SceneEnergies]
    final: SceneEnergies
    gaps: dict[str, float]


def train_scene(
    clips: Sequence[Clip],
    folder: Path,
    settings: TrainSettings,
    fabric: Fabric,
    stages: Stages,
    size: FrameSize | None = None,
    *,
    ignore: Sequence[Polygon] = (),
    strict: bool = False,
) -> TrainedScene:
    """Train a scene; what an earlier, interrupted call left in `folder` is taken up.

    Args:
        clips: Ordinary footage of one camera.
        folder: Progress is kept here, and the trained scene written.
        settings: What decides the result, besides the footage.
        fabric: Where to train.
        stages: Shows how far it is.
        size: Size of the model's frame; about 240 rows in the footage's shape, when None.
        ignore: Regions that are left out: polygons, px of the first clip's frames.
        strict: Raise at the first frame that cannot be read, instead of skipping it.

    Raises:
        BadInput: The footage is broken, too short, or of cameras of different shapes.
        WrongUse: A region lies outside the picture, or nothing is left of it.
        Diverged: A stream cannot be fitted with these settings.
    """
    work = folder / "work"
    frames, settings = _fit_to(clips, size, settings, ignore)
    footage = _read(clips, work / "footage", frames, settings.motion, stages, strict)
    if settings.recipe == "paper":
        background, make_inputs = fit_background(sample_greys(footage)), PaperInputs()
        streams = _train_streams(footage, make_inputs, settings, fabric, stages, work)
        fitted = _take_priors(make_inputs, streams)
    else:
        perspective = _find_perspective(footage, settings, stages)
        background = perspective.background
        streams = _train_streams(footage, perspective, settings, fabric, stages, work)
        fitted = _fit_mixtures(footage, perspective, streams, settings, stages)
    calibrations, normal = _calibrate(clips, footage, fitted, settings, stages)
    scene = assemble_scene(footage, settings, background, fitted.final, calibrations, normal)
    scene.save(folder)
    shutil.rmtree(work)
    return scene


def _fit_to(
    clips: Sequence[Clip],
    size: FrameSize | None,
    settings: TrainSettings,
    ignore: Sequence[Polygon],
) -> tuple[FrameSettings, TrainSettings]:
    """How frames are prepared, at the lowest rate of the clips, and the settings for that rate."""
    if not clips:
        raise BadInput("there is no footage to learn from", "give footage of ordinary days")
    size = size or working_size(clips[0])
    fps = lowest_rate(clips)
    ignored = in_shares(ignore, *clips[0].picture_size()) if ignore else ()
    return FrameSettings(size, fps, settings.frame_budget, ignored), settings.at(fps)


def _read(
    clips: Sequence[Clip],
    folder: Path,
    frames: FrameSettings,
    motion: MotionSettings,
    stages: Stages,
    strict: bool,
) -> Footage:
    with stages.stage("reading footage", _announced(clips)) as advance:
        footage = cache_footage(clips, folder, frames, motion, strict=strict, progress=advance)
    if footage.skipped:
        stages.warn(f"frames that could not be read and were skipped: {footage.skipped}")
    if footage.too_short:
        stages.warn(f"too short to learn from, and left out: {', '.join(footage.too_short)}")
    return footage


def _announced(clips: Sequence[Clip]) -> int | None:
    """Frames of all clips, where all say how many they have."""
    lengths = [length for length, _ in map(Clip.extent, clips)]
    return None if None in lengths else sum(filter(None, lengths))


def _find_perspective(
    footage: Footage, settings: TrainSettings, stages: Stages
) -> PerspectiveInputs:
    """Find the background, and the scale of motion."""
    architecture = settings.architectures["motion"]
    with stages.stage("finding background and perspective", None):
        background = fit_background(sample_greys(footage))
        rows, _ = settings.grid(footage.size.height, footage.size.width)
        unscaled = PerspectiveInputs(background, torch.ones(rows), architecture)
        scale = measure_scale(footage, unscaled, rows)
    return PerspectiveInputs(background, torch.from_numpy(scale), architecture)


def _train_streams(
    footage: Footage,
    make_inputs: PaperInputs | PerspectiveInputs,
    settings: TrainSettings,
    fabric: Fabric,
    stages: Stages,
    work: Path,
) -> dict[str, StreamVAE]:
    """Train both streams side by side."""
    architectures = settings.architectures
    sides = {name: architecture.patch for name, architecture in architectures.items()}

    def see(frames: Tensor, motion: Tensor) -> dict[str, Tensor]:
        images: dict[str, Tensor] = make_inputs(frames, motion).of_encoders
        return images

    with stages.stage("drawing patches", settings.patches) as advance:
        patches = draw_patches(footage, see, sides, settings.patches, settings.seed, advance)

    def train(name: str, progress: Callable[[int, float], None]) -> StreamVAE:
        sigma = _sigma(name, patches[name], settings)
        return fit_stream(
            patches[name],
            architectures[name],
            FitSettings(sigma=sigma, steps=settings.steps, seed=settings.seed),
            fabric,
            work / f"{name}.safetensors",
            progress,
        )

    with stages.stage("learning both streams", len(STREAMS) * settings.steps) as advance:
        trained = run_in_parallel(
            train, STREAMS, lambda steps, loss: advance(steps, f"loss {loss:.1f}")
        )
    streams = dict(zip(STREAMS, trained, strict=True))
    for name, stream in streams.items():
        if not patches[name].any():  # there was nothing to learn, which is told later
            continue
        active = count_active(stream.encoder, patches[name])
        if active < min(_FEWEST_ACTIVE, settings.latent):
            stages.warn(
                f"the {name} stream has collapsed: {active} of {settings.latent} latent dimensions "
                "tell anything; train again with another --seed, or on more footage"
            )
    return streams


def _sigma(name: str, patches: Tensor, settings: TrainSettings) -> float:
    if settings.recipe == "paper":
        return max(_PAPER_SIGMA * float(patches.square().mean().sqrt()), 1e-3)
    return _SIGMAS[name]


def _take_priors(make_inputs: PaperInputs, streams: Mapping[str, StreamVAE]) -> _Fitted:
    """The energies under the mixtures that were trained with the streams, as their priors."""
    energies = {name: SampleEnergy(mixture_of(stream.prior)) for name, stream in streams.items()}
    made = SceneEnergies(make_inputs, _encoders(streams), energies).eval()
    return _Fitted([made] * FOLDS, made, dict.fromkeys(energies, 0.0))


def _fit_mixtures(
    footage: Footage,
    make_inputs: PerspectiveInputs,
    streams: Mapping[str, StreamVAE],
    settings: TrainSettings,
    stages: Stages,
) -> _Fitted:
    """Fit the energies: without each fold in turn, then to everything."""
    encoders = _encoders(streams)
    with stages.stage("looking at all that moves", sum(map(len, footage.segments))) as advance:
        cells = draw_cells(footage, make_inputs, encoders, settings.seed, advance)
    if not len(cells.cell):
        stages.warn("nothing ever is or moves in this footage: whatever does will be strange")
    grid = settings.grid(footage.size.height, footage.size.width)
    with stages.stage("fitting mixtures", (FOLDS + 1) * len(cells.latents)) as advance:
        fitted = fit_energies(
            cells, grid, settings.components, settings.cells, settings.seed, advance
        )
    *folds, final = (
        SceneEnergies(make_inputs, encoders, energies).eval()
        for energies in (*fitted.folds, fitted.final)
    )
    return _Fitted(folds, final, fitted.gaps)


def _encoders(streams: Mapping[str, StreamVAE]) -> dict[str, Encoder]:
    return {name: stream.encoder for name, stream in streams.items()}


def _calibrate(
    clips: Sequence[Clip],
    footage: Footage,
    fitted: _Fitted,
    settings: TrainSettings,
    stages: Stages,
) -> tuple[dict[str, Calibration], NormalTail]:
    """Make energies comparable, and measure how often normal footage climbs how high."""
    shares = shares_by_gap({name: fitted.gaps[name] for name in _COUNTED[settings.recipe]})
    with stages.stage("scoring all the footage", footage.frames) as advance:
        energies = measure_energies(clips, footage, fitted.folds, settings, shares, advance)
    calibrations = calibrate(energies, shares, fitted.final.lights)
    scores = [fused_scores(each, calibrations) for each in energies]
    return calibrations, fit_tail(scores, footage.fps, footage.mean_fps)
