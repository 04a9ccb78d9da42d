"""From footage to a trained scene."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from edge_vad.errors import BadInput
from edge_vad.preprocessing.background_picture import encode_empty
from edge_vad.preprocessing.regions import Polygon, Regions, in_shares
from edge_vad.scene_model import SCHEMA, Calibration, Grid, SceneCard, Training
from edge_vad_train.checkpoint import Design, TrainedScene
from edge_vad_train.data.footage import (
    FOLDS,
    Footage,
    FrameSize,
    Stretch,
    lowest_rate,
    prepare,
    working_size,
)
from edge_vad_train.data.patches import draw_patches
from edge_vad_train.datasets import Clip
from edge_vad_train.fitting.calibration import calibrate, fit_tail, fused_levels, measure_levels
from edge_vad_train.fitting.mixtures import count_active, draw_cells, fit_energies
from edge_vad_train.fitting.perspective import fit_scale
from edge_vad_train.fitting.vae_training import FitSettings, fit_stream
from edge_vad_train.model.background import fit_background, grey_of
from edge_vad_train.model.mixture import Mixture, SampleEnergy
from edge_vad_train.model.scene_network import JOINT, PHYSICAL, STREAMS, SceneEnergies, SceneNetwork
from edge_vad_train.model.stream_inputs import PaperViews, PerspectiveViews, Views
from edge_vad_train.model.vae import Encoder, MixturePrior, StreamVAE
from edge_vad_train.parallel import run_in_parallel
from edge_vad_train.settings import TrainSettings

_SHARES = {
    "default": {PHYSICAL: 0.7, JOINT: 0.3},
    "paper": {"appearance": 0.5, "motion": 0.5},
}
"""Which energies may raise an alarm, and their shares of the false alarms."""

_UNHEARD = Calibration(locations=(0.0,), scales=(1.0,), weight=0.0)
"""Of an energy that is put out for evaluation alone."""

_SIGMAS = {"appearance": 0.15, "motion": 0.25}
"""Reconstruction noise: 1 is a whole silhouette, and ordinary speed at its place."""

_PAPER_SIGMA = 0.5
"""The paper's recipe: as a share of the root mean square of what a stream sees."""

_BACKGROUND_FRAMES = 300
_SCALE_FRAMES = 3000
_OCCUPIED, _MOVING_PX = 0.3, 0.1
"""Cells that tell the scale of motion: of so much foreground, and faster than this, px a frame."""

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]

_FEWEST_ACTIVE = 2
"""Latent dimensions that tell something in a stream that has not collapsed."""

_SAMPLES = 8


class Stages(Protocol):
    """Shows how far a training is."""

    def stage(
        self, label: str, length: int | None
    ) -> AbstractContextManager[Callable[[int, str], None]]:
        """Begin a stage; what it yields takes the steps done since the last call, and a remark."""

    def warn(self, text: str) -> None:
        """Say what should be known of the footage."""


class _Learnt(NamedTuple):
    """What was learnt: energies that have not seen one fold each, then those of everything."""

    folds: list[SceneEnergies]
    final: SceneEnergies


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
    size, fps, settings = _fit_to(clips, size, settings)
    ignored = _ignored(clips[0], ignore)
    footage = _read(clips, work / "footage", settings, stages, size, fps, ignored, strict)
    views = PaperViews() if settings.recipe == "paper" else _learn_views(footage, settings, stages)
    streams = _learn_streams(footage, views, settings, fabric, stages, work)
    if isinstance(views, PerspectiveViews):
        learnt = _fit_mixtures(footage, views, streams, settings, stages)
    else:
        learnt = _of_priors(views, streams)
    shares = _SHARES[settings.recipe]
    with stages.stage("scoring all the footage", footage.frames) as advance:
        levels = measure_levels(
            clips, footage, learnt.folds, settings, shares, lambda frames: advance(frames, "")
        )
    lights = views.background.lights if isinstance(views, PerspectiveViews) else 1
    calibrations = calibrate(levels, shares, lights)
    scores = [fused_levels(each, calibrations) for each in levels]
    unheard = {name: _UNHEARD for name in learnt.final.energies if name not in calibrations}
    calibrations |= unheard
    card = _card(footage, settings, calibrations, scores, _empty_pictures(footage, views))
    network = SceneNetwork(learnt.final, calibrations, settings.score_cells).eval()
    design = _design(settings, learnt.final, lights)
    scene = TrainedScene(card, design, network, *_samples(footage))
    scene.save(folder)
    shutil.rmtree(work)
    return scene


def _fit_to(
    clips: Sequence[Clip], size: FrameSize | None, settings: TrainSettings
) -> tuple[FrameSize, float, TrainSettings]:
    """The size of frames, the lowest rate of the clips, and the settings for it."""
    if not clips:
        raise BadInput("there is no footage to learn from", "give footage of ordinary days")
    with clips[0].open() as source:
        size = size or working_size(source)
    fps = lowest_rate(clips)
    return size, fps, settings.at(fps)


def _ignored(clip: Clip, ignore: Sequence[Polygon]) -> Regions:
    """Regions in px of a clip's frames as shares of the picture."""
    if not ignore:
        return ()
    with clip.open() as source:
        return in_shares(ignore, *next(iter(source)).image.shape[:2])


def _read(
    clips: Sequence[Clip],
    folder: Path,
    settings: TrainSettings,
    stages: Stages,
    size: FrameSize,
    fps: float,
    ignored: Regions,
    strict: bool,
) -> Footage:
    with stages.stage("reading footage", _announced(clips)) as advance:
        footage = prepare(
            clips,
            folder,
            settings.motion,
            size,
            settings.frame_budget,
            fps=fps,
            ignored=ignored,
            strict=strict,
            progress=lambda frames: advance(frames, ""),
        )
    if footage.skipped:
        stages.warn(f"frames that could not be read and were skipped: {footage.skipped}")
    if footage.too_short:
        stages.warn(f"too short to learn from, and left out: {', '.join(footage.too_short)}")
    return footage


def _learn_views(footage: Footage, settings: TrainSettings, stages: Stages) -> PerspectiveViews:
    """Find the background and the scale of motion."""
    architecture = settings.architectures["motion"]
    with stages.stage("finding background and perspective", None):
        background = fit_background(_greys(footage))
        rows, _ = _grid_of(footage.size, settings)
        plain = PerspectiveViews(background, torch.ones(rows), architecture)
        scale = _fit_scale(footage, plain, rows)
    return PerspectiveViews(background, torch.from_numpy(scale), architecture)


def _greys(footage: Footage) -> Floats:
    """Pictures from all over the footage, float32, (n, h, w), 0 to 1."""
    every = max(1, sum(map(len, footage.stretches)) // _BACKGROUND_FRAMES)
    pictures = [
        grey_of(stretch.frames_of(slice(0, None, every)))[:, 0] for stretch in footage.stretches
    ]
    return torch.cat(pictures).numpy()


def _fit_scale(footage: Footage, views: PerspectiveViews, rows: int) -> Floats:
    """The ordinary speed of what is foreground and moves, for each row of cells, px a frame."""
    every = max(1, sum(map(len, footage.stretches)) // _SCALE_FRAMES)

    def measure(stretch: Stretch, _: Callable[[int], None]) -> list[tuple[Rows, Floats]]:
        with torch.inference_mode():
            return [_moving(views(*batch)) for batch in stretch.batches(every)]

    measured = run_in_parallel(measure, footage.stretches, lambda _: None)
    row, speed = (
        np.concatenate(each)
        for each in zip(*(batch for batches in measured for batch in batches), strict=True)
    )
    return fit_scale(row, speed, rows)


def _moving(seen: Views) -> tuple[Rows, Floats]:
    """Row and speed of the cells that tell the scale of motion."""
    assert seen.numbers is not None  # noqa: S101
    right, down, _, foreground, _ = seen.numbers.numpy().swapaxes(0, 1)
    speed = np.hypot(right, down)
    tells = (foreground > _OCCUPIED) & (speed > _MOVING_PX)
    return np.nonzero(tells)[1], speed[tells]


def _learn_streams(
    footage: Footage,
    views: nn.Module,
    settings: TrainSettings,
    fabric: Fabric,
    stages: Stages,
    work: Path,
) -> dict[str, StreamVAE]:
    """Learn both streams side by side."""
    with stages.stage("drawing patches", settings.patches) as advance:
        patches = draw_patches(
            footage,
            views,
            settings.architectures,
            settings.patches,
            settings.seed,
            lambda drawn: advance(drawn, ""),
        )
    with stages.stage("learning both streams", len(STREAMS) * settings.steps) as advance:

        def learn(name: str, progress: Callable[[int, float], None]) -> StreamVAE:
            sigma = _sigma(name, patches[name], settings)
            return fit_stream(
                patches[name],
                settings.architectures[name],
                FitSettings(sigma=sigma, steps=settings.steps, seed=settings.seed),
                fabric,
                work / f"{name}.safetensors",
                progress,
            )

        learnt = run_in_parallel(
            learn, STREAMS, lambda steps, loss: advance(steps, f"loss {loss:.1f}")
        )
    return dict(zip(STREAMS, learnt, strict=True))


def _sigma(name: str, patches: Tensor, settings: TrainSettings) -> float:
    if settings.recipe == "paper":
        return max(_PAPER_SIGMA * float(patches.square().mean().sqrt()), 1e-3)
    return _SIGMAS[name]


def _fit_mixtures(
    footage: Footage,
    views: PerspectiveViews,
    streams: Mapping[str, StreamVAE],
    settings: TrainSettings,
    stages: Stages,
) -> _Learnt:
    """Fit the energies: without each fold in turn, then to everything."""
    encoders = {name: stream.encoder for name, stream in streams.items()}
    with stages.stage("looking at all that moves", sum(map(len, footage.stretches))) as advance:
        cells = draw_cells(
            footage, views, encoders, settings.seed, lambda frames: advance(frames, "")
        )
    if not len(cells.cell):
        stages.warn("nothing ever is or moves in this footage: whatever does will be strange")
    for name in STREAMS if len(cells.cell) else ():
        _warn_of_collapse(name, cells.latents[name], settings, stages)
    grid = _grid_of(footage.size, settings)
    with stages.stage("fitting mixtures", (FOLDS + 1) * len(cells.latents)) as advance:
        fitted = fit_energies(
            cells,
            grid,
            settings.components,
            settings.cells,
            settings.seed,
            lambda n: advance(n, ""),
        )
    made = [SceneEnergies(views, encoders, energies).eval() for energies in fitted]
    return _Learnt(made[:-1], made[-1])


def _warn_of_collapse(name: str, latents: Floats, settings: TrainSettings, stages: Stages) -> None:
    active = count_active(latents)
    if active < min(_FEWEST_ACTIVE, settings.latent):
        stages.warn(
            f"the {name} stream has collapsed: {active} of {settings.latent} latent dimensions "
            "tell anything; train again with another --seed, or on more footage"
        )


def _of_priors(views: nn.Module, streams: Mapping[str, StreamVAE]) -> _Learnt:
    """The energies under the mixtures that were trained with the streams, as their priors."""
    encoders: dict[str, Encoder] = {name: stream.encoder for name, stream in streams.items()}
    energies = {name: SampleEnergy(_mixture(stream.prior)) for name, stream in streams.items()}
    made = SceneEnergies(views, encoders, energies).eval()
    return _Learnt([made] * FOLDS, made)


def _mixture(prior: MixturePrior) -> Mixture:
    with torch.inference_mode():
        precisions = torch.exp(-0.5 * prior.log_variances).double()
        return Mixture(
            torch.log_softmax(prior.logits, 0).double().numpy(),
            prior.means.double().numpy(),
            torch.diag_embed(precisions).numpy(),
        )


def _grid_of(size: FrameSize, settings: TrainSettings) -> tuple[int, int]:
    motion = settings.architectures["motion"]
    sides = (size.height // settings.motion.downscale, size.width // settings.motion.downscale)
    rows, columns = ((side - motion.patch) // motion.stride + 1 for side in sides)
    return rows, columns


def _design(settings: TrainSettings, energies: SceneEnergies, lights: int) -> Design:
    return Design(
        recipe=settings.recipe,
        streams=settings.architectures,
        components={name: each.components for name, each in energies.energies.items()},
        lights=lights,
        score_cells=settings.score_cells,
    )


def _card(
    footage: Footage,
    settings: TrainSettings,
    calibrations: dict[str, Calibration],
    scores: Sequence[Floats],
    empty: tuple[bytes, ...],
) -> SceneCard:
    motion, downscale = settings.architectures["motion"], settings.motion.downscale
    return SceneCard(
        schema=SCHEMA,
        height=footage.size.height,
        width=footage.size.width,
        fps=footage.fps,
        motion=settings.motion,
        grid=Grid(
            *_grid_of(footage.size, settings), motion.patch * downscale, motion.stride * downscale
        ),
        energies=calibrations,
        normal=fit_tail(scores, footage.fps),
        training=Training(
            sources=footage.clips,
            frames=footage.frames,
            seed=settings.seed,
            created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            versions={name: version(name) for name in ("edge-vad", "torch", "scikit-learn")},
            recipe=settings.recipe,
        ),
        empty=empty,
        ignored=footage.ignored,
        score_cells=settings.score_cells,
    )


def _empty_pictures(footage: Footage, views: nn.Module) -> tuple[bytes, ...]:
    """The pictures by which a camera that shows another scene is told, one for each light."""
    known = views.background if isinstance(views, PerspectiveViews) else None
    background = known or fit_background(_greys(footage))
    pictures = (background.pictures[0] * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    return tuple(encode_empty(np.repeat(each[..., None], 3, 2)) for each in pictures)


def _samples(footage: Footage) -> tuple[Tensor, Tensor]:
    """Frames from all over the footage, to check exports with."""
    stretches = [stretch for stretch in footage.stretches if len(stretch) > 1]
    picks = []
    for number in range(_SAMPLES):
        stretch = stretches[number * len(stretches) // _SAMPLES]
        index = 1 + (number * 7919) % (len(stretch) - 1)
        picks.append((stretch, slice(index, index + 1)))
    return (
        torch.cat([stretch.frames_of(which) for stretch, which in picks]),
        torch.cat([stretch.motion_of(which) for stretch, which in picks]),
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
