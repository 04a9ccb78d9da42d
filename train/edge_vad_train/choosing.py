"""Chooses on anomalies made from training footage: the say of energies, and that of places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import torch

from edge_vad.scene_model import Energies
from edge_vad_train.calibration import calibrate, energy_maps
from edge_vad_train.footage import Footage, Stretch
from edge_vad_train.latents import LearntScene
from edge_vad_train.network import EnergyMaps, SceneEnergies
from edge_vad_train.self_made import (
    FRAMES,
    Case,
    Choice,
    VariantsCase,
    choose_weights,
    measure_peaks,
)
from edge_vad_train.side_by_side import run_side_by_side

PLACE_SAYS = (1.0, 4.0, 8.0)
"""How much it may count where something is seen.

Place is one sign beside a joint latent's eighteen, so it may have to count more to be heard. Where
people keep to their paths that finds who leaves them; where footage is short, and shows few of the
places where people walk, it makes the others strange.
"""

_ENOUGH_TO_LEAVE_ONE_OUT = 5
"""Stretches of which one can be scored by what the others tell of places."""


class Trial(NamedTuple):
    """What was learnt, with one of the `PLACE_SAYS`.

    Attributes:
        place_say: How much it counts where something is seen.
        energies: The energies with that.
        cases: Footage, and energies that have not learnt from it what is usual where.
        calibrations: Of the energies, with their weights.
        choice: Of the weights; None where nobody ever moves.
        active_dimensions: Of each stream's latent, see `count_active`.
    """

    place_say: float
    energies: SceneEnergies
    cases: list[Case]
    calibrations: Energies
    choice: Choice | None
    active_dimensions: dict[str, int]

    @property
    def merit(self) -> float:
        """How well it tells self-made anomalies; 0 where nobody moves of whom to make one."""
        return self.choice.merit if self.choice else 0.0


def choose(
    footage: Footage,
    learnt: LearntScene,
    place_says: Sequence[float],
    seed: int,
    progress: Callable[[int], None],
) -> Trial:
    """Choose how much say each energy has, and how much it counts where something is seen.

    Args:
        footage: That it was learnt from.
        learnt: What was learnt.
        place_says: How much it may count where something is seen.
        seed: Of the self-made anomalies that it is chosen by.
        progress: Called with the frames scored since the last call.
    """
    variants = [learnt.energies(say) for say in place_says]
    held_back = run_side_by_side(
        lambda stretch, tell: _maps(variants, stretch, tell), footage.held_back, progress
    )
    calibrations = [
        Energies(*(calibrate(torch.cat(each)) for each in zip(*maps, strict=True)))
        for maps in zip(*held_back, strict=True)
    ]
    cases: list[VariantsCase] = [(variants, stretch) for stretch in footage.held_back]
    cases += [
        ([learnt.energies(say, without=number) for say in place_says], stretch)
        for number, stretch in enumerate(_left_out(footage))
    ]
    peaks = measure_peaks(cases, calibrations, seed, progress)
    choices: list[Choice | None] = [choose_weights(each) for each in peaks]
    choices = choices or [None] * len(variants)  # where nobody ever moves
    trials = [
        Trial(
            say,
            variants[number],
            [(energies[number], stretch) for energies, stretch in cases],
            _weighted(calibrations[number], choices[number]),
            choices[number],
            learnt.active_dimensions,
        )
        for number, say in enumerate(place_says)
    ]
    return max(trials, key=lambda trial: trial.merit)


def place_says_of(footage: Footage) -> tuple[float, ...]:
    """How much it may count where something is seen: once, where nothing can be left out."""
    return PLACE_SAYS if _left_out(footage) else PLACE_SAYS[:1]


def frames_to_choose(footage: Footage) -> int:
    """How many frames `choose` will score."""
    return sum(map(len, footage.held_back)) + FRAMES


def _left_out(footage: Footage) -> Sequence[Stretch]:
    """Stretches to be scored one by one by what the others tell of places; none of few."""
    return footage.fitting if len(footage.fitting) >= _ENOUGH_TO_LEAVE_ONE_OUT else ()


def _maps(
    variants: Sequence[SceneEnergies], stretch: Stretch, progress: Callable[[int], None]
) -> list[EnergyMaps]:
    """The energies of a whole stretch, by every variant."""
    batches = [maps for maps, _ in energy_maps(variants, stretch, progress)]
    return [
        EnergyMaps(*map(torch.cat, zip(*maps, strict=True))) for maps in zip(*batches, strict=True)
    ]


def _weighted(calibrations: Energies, choice: Choice | None) -> Energies:
    if choice is None:
        return calibrations
    return Energies(
        *(
            msgspec.structs.replace(getattr(calibrations, name), weight=weight)
            for name, weight in zip(EnergyMaps._fields, choice.weights, strict=True)
        )
    )
