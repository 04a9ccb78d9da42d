"""Anomalies made from ordinary footage, to tell what a scene's model will see, and to set it up.

No anomaly is ever trained on or tested on here: normal footage is changed in ways that cannot be
ordinary, and a model worth its name must tell the changed frames from the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional as F

from edge_vad.scene_model import Energies
from edge_vad_train.appearance import GLANCE, difference, silhouette
from edge_vad_train.footage import Stretch
from edge_vad_train.network import (
    Images,
    SceneEnergies,
    attribute,
    comparable,
    score_by_all,
)
from edge_vad_train.side_by_side import run_side_by_side
from edge_vad_train.streams import frames_of, motion_of

KINDS = ("sped_up", "reversed", "frozen", "transplanted", "enlarged", "turned")
FRAMES = 200

_FASTER = 1.75
_LARGER = 1.75
_BOX = 24
"""Side of what is moved, enlarged or turned, px of the streams' input."""

_MOVING = 0.3
"""Mean speed in the box from which on somebody moves there, px a frame."""

_SEEN = 3.0
"""How much more than in the rest of the picture is seen in the box where somebody moves.

In poor light the sensor's noise moves everywhere, by a pixel and more. What is made of it is no
anomaly, and told by nothing.
"""

_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
_PRICE_OF_A_SAY = 0.13
"""What an energy must bring to have any say: so much more AUC on the mean of the kinds."""

_WORTH_OF_MOTION = 0.02
"""What motion must bring beside others to keep its say, likewise."""

_MOTION_ALONE = (0.0, 1.0, 0.0)

Weights = tuple[float, float, float]
"""In the order of `EnergyMaps`, the largest 1."""

Case = tuple[SceneEnergies, Stretch]

VariantsCase = tuple[Sequence[SceneEnergies], Stretch]
"""Footage, and energies that differ in what is usual where."""

Views = tuple[Tensor, Tensor]
"""What the two streams see of one frame, (1, 3, h, w) and (1, channels, h, w)."""


class Peaks(NamedTuple):
    """The highest calibrated and attributed energies of frames, (frames, 3) each.

    Attributes:
        normal: Of frames as they were.
        odd: Of the same frames, changed in each of the `KINDS`.
    """

    normal: NDArray[np.float32]
    odd: dict[str, NDArray[np.float32]]


class Choice(NamedTuple):
    """What was chosen, and what for.

    Attributes:
        weights: How much say each energy has.
        aucs: AUC of each kind with them.
        merit: What they were chosen by.
    """

    weights: Weights
    aucs: dict[str, float]
    merit: float


def measure_peaks(
    cases: Sequence[VariantsCase],
    calibrations: Sequence[Energies],
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Peaks]:
    """Score frames in which somebody moves, as they are and changed.

    Args:
        cases: Footage, and energies that have not learnt from it what is usual where.
        calibrations: Of every variant: makes its energies comparable; the weights do not matter.
        seed: Of where things are moved to.
        progress: Called with the frames done since the last call.

    Returns:
        The peaks of every variant; none where nobody ever moves.
    """
    moments = [
        (variants, stretch, index)
        for variants, stretch in cases
        for index in range(1, len(stretch))  # the first has no predecessor
    ]
    chosen = np.linspace(0, len(moments) - 1, min(FRAMES, len(moments))).astype(int).tolist()

    def measure(number: int, tell: Callable[[int], None]) -> NDArray[np.float32] | None:
        tell(1)
        rng = np.random.default_rng([seed, 3, number])
        return _versions_peaks(*moments[number], calibrations, rng)

    found = [each for each in run_side_by_side(measure, chosen, progress) if each is not None]
    if not found:
        return []
    return [
        Peaks(normal, dict(zip(KINDS, odd, strict=True))) for normal, *odd in np.stack(found, 2)
    ]


def _versions_peaks(
    variants: Sequence[SceneEnergies],
    stretch: Stretch,
    index: int,
    calibrations: Sequence[Energies],
    rng: np.random.Generator,
) -> NDArray[np.float32] | None:
    """Peaks of a frame as it is and in all kinds, (variants, 1 + kinds, 3).

    None where nobody moves.
    """
    now, energies = slice(index, index + 1), variants[0]
    with torch.inference_mode():
        look, move, lately = energies.images(frames_of(stretch, now), motion_of(stretch, now))
        site = _busiest(look, move)
        if site is None:
            return None
        versions = [(look, move), *_changed(look, move, site, rng).values()]
        looks, moves = (torch.cat(each) for each in zip(*versions, strict=True))
        images = Images(looks, moves, lately)
        glances = F.avg_pool2d(difference(looks), GLANCE)
        presences = energies.presences(looks, glances, moves)
        peaks = [
            [
                attribute(comparable(name, energy, each), presence).amax((1, 2))
                for (name, energy), presence in zip(maps._asdict().items(), presences, strict=True)
            ]
            for maps, each in zip(score_by_all(variants, images), calibrations, strict=True)
        ]
        return torch.stack([torch.stack(each, 1) for each in peaks]).numpy()


def choose_weights(peaks: Peaks) -> Choice:
    """Choose how much say each energy has in the fused map.

    At first motion has some say, and the others must earn theirs: of all combinations the one that
    tells changed frames best, by AUC on the mean of the kinds, less a price for every energy that
    has a say, however large. Frames of the same footage resemble those that were learnt from more
    than any other day will, so an energy that tells hardly more there will cost false alarms
    elsewhere. Where others have earned a say, motion must bring something beside them to keep its
    own: what disturbs the flow, such as rain, disturbs it most.
    """

    def told(weights: Weights) -> float:
        return float(np.mean(list(_aucs(peaks, weights).values())))

    def merit(weights: Weights) -> float:
        return told(weights) - _PRICE_OF_A_SAY * sum(weight > 0 for weight in weights)

    combinations = [
        (appearance, motion, joint)
        for motion in _WEIGHTS[::-1]
        for joint in _WEIGHTS
        for appearance in _WEIGHTS
        if max(appearance, motion, joint) == 1
    ]
    # The first of equals is taken, which leaves most without a say. What counts for the choice of
    # places is told with motion, too, so that both choices compare the same.
    weights = max((each for each in combinations if each[1] > 0), key=merit)
    if weights != _MOTION_ALONE:
        without = max((each for each in combinations if each[1] == 0), key=merit)
        if told(weights) - told(without) < _WORTH_OF_MOTION:
            return Choice(without, _aucs(peaks, without), merit(weights))
    return Choice(weights, _aucs(peaks, weights), merit(weights))


def _aucs(peaks: Peaks, weights: Sequence[float]) -> dict[str, float]:
    """AUC of every kind against the same frames unchanged."""
    normal = _fused(peaks.normal, weights)
    labels = np.repeat([0, 1], len(normal))
    return {
        kind: float(roc_auc_score(labels, np.concatenate([normal, _fused(odd, weights)])))
        for kind, odd in peaks.odd.items()
    }


def _fused(peaks: NDArray[np.float32], weights: Sequence[float]) -> NDArray[np.float32]:
    """Frame scores, (frames,), as the network would fuse them."""
    has_say = np.array(weights) > 0
    fused: NDArray[np.float32] = (peaks[:, has_say] * np.array(weights)[has_say]).max(1)
    return fused


def _busiest(look: Tensor, move: Tensor) -> tuple[int, int] | None:
    """The top left corner of the box in which most moves; None where nobody is seen to."""
    speed = move[:, :2].norm(dim=1, keepdim=True)
    mean = F.avg_pool2d(speed, _BOX, 1)[0, 0]
    row, column = divmod(int(mean.argmax()), mean.shape[1])
    seen = silhouette(look)
    if float(mean.max()) < _MOVING or _box(seen, (row, column)).mean() < _SEEN * seen.median():
        return None
    return row, column


def _changed(
    look: Tensor, move: Tensor, site: tuple[int, int], rng: np.random.Generator
) -> dict[str, Views]:
    """The frame in every kind of anomaly."""
    rows, columns = look.shape[2:]
    elsewhere = int(rng.integers(rows - _BOX + 1)), int(rng.integers(columns - _BOX + 1))
    crop = _box(look, site), _box(move, site)
    larger = _enlarged(crop[0]), _enlarged(crop[1])
    turned = crop[0].rot90(1, (2, 3)), crop[1].rot90(1, (2, 3))
    return {
        "sped_up": (look, _pasted(move, crop[1] * _FASTER, site)),
        "reversed": (look, _pasted(move, -crop[1], site)),
        "frozen": (look, _pasted(move, torch.zeros_like(crop[1]), site)),
        "transplanted": (_pasted(look, crop[0], elsewhere), _pasted(move, crop[1], elsewhere)),
        "enlarged": (
            _pasted(look, larger[0], _centred(larger[0], look, site)),
            _pasted(move, larger[1], _centred(larger[1], move, site)),
        ),
        "turned": (_pasted(look, turned[0], site), _pasted(move, turned[1], site)),
    }


def _box(image: Tensor, corner: tuple[int, int]) -> Tensor:
    row, column = corner
    return image[:, :, row : row + _BOX, column : column + _BOX]


def _enlarged(crop: Tensor) -> Tensor:
    return F.interpolate(crop, scale_factor=_LARGER, mode="bilinear")


def _centred(crop: Tensor, image: Tensor, site: tuple[int, int]) -> tuple[int, int]:
    """Where a larger crop lies around the same middle, within the image."""
    spare = (crop.shape[2] - _BOX) // 2
    row, column = (
        int(np.clip(corner - spare, 0, side - crop.shape[2]))
        for corner, side in zip(site, image.shape[2:], strict=True)
    )
    return row, column


def _pasted(image: Tensor, crop: Tensor, corner: tuple[int, int]) -> Tensor:
    row, column = corner
    image = image.clone()
    image[:, :, row : row + crop.shape[2], column : column + crop.shape[3]] = crop
    return image
