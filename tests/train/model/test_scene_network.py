"""A scene's network: energies of patches, the map, the score, and where it is strange."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from edge_vad.scene_model import Calibration
from edge_vad_train.model.background import Background
from edge_vad_train.model.fusion import calibrated, highest_cells, localise
from edge_vad_train.model.mixture import Mixture, SampleEnergy
from edge_vad_train.model.scene_network import JOINT, PHYSICAL, SceneEnergies, SceneNetwork
from edge_vad_train.model.stream_inputs import (
    CELL_FEATURES,
    PaperInputs,
    PerspectiveInputs,
    StreamInputs,
)
from edge_vad_train.model.vae import Architecture, Encoder, Layer

LAYERS = (Layer(4, 3, 2), Layer(3, 3, 1))
APPEARANCE, MOTION = Architecture(1, LAYERS, 2, 1), Architecture(2, LAYERS, 3, 1)
SIDE = 64


def random_energy(components: int, latent: int) -> SampleEnergy:
    factors = torch.randn(components, latent, latent, dtype=torch.float64).triu(1)
    factors += torch.eye(latent)
    return SampleEnergy(
        Mixture(
            torch.randn(components).log_softmax(0).double().numpy(),
            torch.randn(components, latent).double().numpy(),
            factors.numpy(),
        )
    )


class Seen(nn.Module):
    """Gives what is passed as what is seen."""

    def forward(self, frame: Tensor, motion: Tensor) -> StreamInputs:
        return StreamInputs(frame, motion)


def energies_of(make_inputs: nn.Module, appearance: Architecture = APPEARANCE) -> SceneEnergies:
    mixtures = {
        "appearance": random_energy(3, 2),
        "motion": random_energy(2, 3),
        JOINT: random_energy(4, 5),
    }
    if isinstance(make_inputs, PerspectiveInputs):
        mixtures[PHYSICAL] = random_energy(3, CELL_FEATURES)
    encoders = {"appearance": Encoder(appearance), "motion": Encoder(MOTION)}
    return SceneEnergies(make_inputs, encoders, mixtures).eval()


def perspective_inputs() -> PerspectiveInputs:
    rows = (SIDE // 4 - MOTION.patch) // MOTION.stride + 1
    background = Background(torch.rand(1, 1, SIDE // 2, SIDE // 2))
    return PerspectiveInputs(background, torch.ones(rows), MOTION)


def inputs(count: int = 2) -> tuple[Tensor, Tensor]:
    frame = torch.randint(256, (count, SIDE, SIDE, 3), dtype=torch.uint8)
    motion = 3 * torch.randn(count, 3, SIDE // 4, SIDE // 4)
    motion[:, 2] = motion[:, :2].norm(dim=1)
    return frame, motion


@given(st.tuples(st.integers(0, 12), st.integers(0, 12)), st.integers(0, 2**31 - 1))
@settings(max_examples=20)
def test_the_energies_of_a_frame_are_those_of_its_patches(more: tuple[int, int], seed: int) -> None:
    torch.manual_seed(seed)
    rows, columns = (APPEARANCE.patch + each for each in more)
    images = torch.randn(1, 1, rows, columns), torch.randn(1, 2, rows, columns)
    energies = energies_of(Seen())
    with torch.inference_mode():
        dense = energies(*images)
        for row, column in np.ndindex(*dense["motion"].shape[1:]):
            top, left = row * APPEARANCE.stride, column * APPEARANCE.stride
            down, across = slice(top, top + APPEARANCE.patch), slice(left, left + APPEARANCE.patch)
            alone = energies(*(image[:, :, down, across] for image in images))
            for name, energy in alone.items():
                assert energy.shape == (1, 1, 1)
                torch.testing.assert_close(
                    dense[name][0, row, column], energy[0, 0, 0], rtol=1e-4, atol=1e-3
                )


def test_a_batch_is_scored_as_its_frames_one_by_one() -> None:
    torch.manual_seed(0)
    network = network_of(energies_of(perspective_inputs()))
    frame, motion = inputs(3)
    with torch.inference_mode():
        together = network(frame, motion)
        alone = [network(frame[n : n + 1], motion[n : n + 1]) for n in range(3)]
    for whole, parts in zip(together, zip(*alone, strict=True), strict=True):
        torch.testing.assert_close(whole, torch.cat(parts), rtol=1e-4, atol=1e-3)


def network_of(energies: SceneEnergies, **counts: float) -> SceneNetwork:
    """With calibrations that differ; `counts` says which energies have a part in the score."""
    calibrations = {
        name: Calibration((float(number),), (1.0 + number,), counts.get(name, 1.0))
        for number, name in enumerate(energies.energies)
    }
    return SceneNetwork(energies, calibrations, score_cells=3).eval()


def test_outputs_are_named_in_their_order() -> None:
    torch.manual_seed(1)
    network = network_of(energies_of(perspective_inputs()))
    outputs = dict(zip(network.outputs, network(*inputs()), strict=True))
    assert list(outputs) == [
        "anomaly_map", "score",
        "appearance_energy", "motion_energy", "joint_energy", "physical_energy",
    ]  # fmt: skip
    assert outputs["score"].shape == (2,)
    shapes = {each.shape for name, each in outputs.items() if name != "score"}
    assert len(shapes) == 1


@pytest.mark.parametrize("silent", [(), ("appearance", "motion"), ("appearance", "motion", JOINT)])
def test_the_rarest_energy_that_counts_makes_map_and_score(silent: tuple[str, ...]) -> None:
    torch.manual_seed(2)
    energies = energies_of(perspective_inputs())
    network = network_of(energies, **dict.fromkeys(silent, 0.0))
    frame, motion = inputs()
    with torch.inference_mode():
        anomaly_map, score, *_ = network(frame, motion)
        maps = [
            (energy - network.calibrations[name].locations[0])
            / network.calibrations[name].scales[0]
            for name, energy in energies(frame, motion).items()
            if name not in silent
        ]
        presence = energies.inputs_of(frame, motion).presence
    highest = torch.stack(maps).amax(0)
    expected = torch.stack([each.flatten(1).topk(3).values.mean(1) for each in maps]).amax(0)
    torch.testing.assert_close(score, expected)
    torch.testing.assert_close(anomaly_map, localise(highest, presence))


def test_where_nothing_is_or_moves_the_energy_is_that_of_rest() -> None:
    torch.manual_seed(3)
    energies = energies_of(perspective_inputs())
    for number, each in enumerate(energies.energies.values()):
        each.rest.fill_(10.0 + number)
    picture = energies.views.background.pictures.repeat_interleave(2, 2).repeat_interleave(2, 3)
    frame = (picture[0, 0] * 255).round().to(torch.uint8)[None, :, :, None].expand(1, -1, -1, 3)
    with torch.inference_mode():
        maps = energies(frame, torch.zeros(1, 3, SIDE // 4, SIDE // 4))
    by_chance = math.log(16.0)  # of the cells that are taken for active where none is
    for number, energy in enumerate(maps.values()):
        torch.testing.assert_close(energy, torch.full_like(energy, 10.0 + number - by_chance))


def test_the_highest_of_many_active_cells_is_expected_to_be_higher() -> None:
    torch.manual_seed(6)
    energies = energies_of(perspective_inputs())
    seen = energies.inputs_of(*inputs(1))
    with torch.inference_mode():
        few, many = (
            energies.of(seen._replace(activity=torch.full_like(seen.activity, share)))
            for share in (0.5, 1.0)
        )
    cells = seen.activity.numel()
    for name, energy in energies.energies.items():
        at_all = many[name] + math.log(cells + 16)
        at_half = few[name] + math.log(cells / 2 + 16)
        torch.testing.assert_close(at_half, energy.rest + (at_all - energy.rest) / 2)


def test_each_light_is_calibrated_by_its_own() -> None:
    energy = torch.tensor([[[5.0]], [[5.0]]])
    calibration = Calibration((1.0, 3.0), (2.0, 0.5), 1.0)
    made = calibrated(energy, calibration, torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    assert made.flatten().tolist() == [2.0, 4.0]


def test_the_papers_recipe_has_no_rest_no_place_and_no_physical_energy() -> None:
    torch.manual_seed(4)
    layers = (Layer(4, 4, 2), Layer(4, 5, 2), Layer(3, 5, 2))
    appearance = Architecture(3, layers, 2, 1)
    energies = energies_of(PaperInputs(), appearance)
    frame, motion = inputs()
    latents = energies.latents(energies.inputs_of(frame, motion[:, :2]))
    assert set(latents) == {"appearance", "motion", JOINT}
    anomaly_map, *_ = network_of(energies)(frame, motion[:, :2])
    assert torch.isfinite(anomaly_map).all()


maps = st.integers(0, 2**31 - 1).map(
    lambda seed: torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(seed))
)


@given(maps, st.integers(1, 40))
def test_a_frame_reaches_as_high_as_the_mean_of_its_highest_cells(each: Tensor, count: int) -> None:
    reached = highest_cells(each, count)
    expected = -np.sort(-each.flatten(1).numpy(), 1)[:, :count].mean(1)
    np.testing.assert_allclose(reached, expected, rtol=1e-5, atol=1e-6)
    assert (reached <= each.amax((1, 2)) + 1e-6).all()


@given(maps, maps)
def test_a_map_is_only_ever_lowered_and_never_below_ordinary(each: Tensor, other: Tensor) -> None:
    presence = torch.sigmoid(other)
    localised = localise(each, presence)
    assert (localised <= each).all()
    assert torch.equal(localised[each <= 0], each[each <= 0])
    assert (localised[each > 0] >= 0).all()
    torch.testing.assert_close(localise(each, torch.ones_like(presence)), each)
    assert localise(each, None) is each


def test_a_mixtures_constant_holds_its_weights() -> None:
    """Of one standard Gaussian the energy at its mean is that of its dimensions alone."""
    unit = Mixture(np.zeros(1), np.zeros((1, 4)), np.eye(4)[None])
    energy = SampleEnergy(unit)(torch.zeros(1, 4, 1, 1))
    assert float(energy) == pytest.approx(2 * math.log(2 * math.pi), rel=1e-5)
