from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from edge_vad.errors import CheckFailed
from edge_vad_export.deploy.product_energy import (
    ExplicitEnergy,
    ProductEnergy,
    by_products,
    with_product_energies,
)
from edge_vad_train.checkpoint import TrainedScene
from edge_vad_train.model.mixture import Mixture, SampleEnergy

ROWS, COLUMNS = 5, 7


def energy_of(components: int, depth: int, spread: float = 3.0) -> SampleEnergy:
    """Components far apart, some of them narrow, with weights that differ from place to place."""
    random = np.random.default_rng(depth)
    factors = np.triu(random.normal(0, 1, (components, depth, depth)))
    diagonal = np.arange(depth)
    factors[:, diagonal, diagonal] = random.uniform(0.5, 30, (components, depth))
    weights = random.dirichlet(np.ones(components))
    mixture = Mixture(np.log(weights), random.normal(0, spread, (components, depth)), factors)
    lift = torch.linspace(-1, 1, components * ROWS * COLUMNS)
    return SampleEnergy(mixture, lift.reshape(1, components, ROWS, COLUMNS))


@pytest.mark.parametrize("form", [ProductEnergy, ExplicitEnergy])
@pytest.mark.parametrize("components", [1, 6])
@pytest.mark.parametrize("depth", [1, 2, 5, 8, 16])
def test_energies_in_either_form_are_those_of_the_mixture(
    form: type[ExplicitEnergy], components: int, depth: int
) -> None:
    plain = energy_of(components, depth)
    latent = 4 * torch.randn(2, depth, ROWS, COLUMNS, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        found = form(plain)(latent)
        expected = plain.double()(latent.double())
    assert found.dtype == torch.float32
    error = (found - expected).abs().max() / expected.abs().max()
    assert float(error) < 1e-5


def test_terms_far_below_the_highest_add_nothing_and_are_no_tiny_numbers() -> None:
    plain = energy_of(4, 3, spread=300.0)
    latent = torch.zeros(1, 3, ROWS, COLUMNS)
    with torch.inference_mode():
        torch.testing.assert_close(
            ProductEnergy(plain)(latent), plain(latent), rtol=1e-4, atol=1e-3
        )


def narrow_and_far(distance: float) -> tuple[SampleEnergy, torch.Tensor]:
    """A narrow component far from the others, and latents near it."""
    factors = np.eye(4)[None].repeat(6, 0)
    factors[5] *= 25
    means = np.zeros((6, 4))
    means[5] = distance
    plain = SampleEnergy(Mixture(np.full(6, -np.log(6)), means, factors))
    generator = torch.Generator().manual_seed(1)
    near = distance + 0.05 * torch.randn(2, 4, ROWS, COLUMNS, generator=generator)
    return plain, near


@pytest.mark.parametrize(("distance", "form"), [(0.5, ProductEnergy), (100.0, ExplicitEnergy)])
def test_what_cancels_in_products_is_computed_without_them(
    distance: float, form: type[ExplicitEnergy]
) -> None:
    plain, latent = narrow_and_far(distance)
    made = by_products(plain, latent)
    assert type(made) is form
    with torch.inference_mode():
        found, expected = made(latent), plain.double()(latent.double())
    assert float((found - expected).abs().max() / expected.abs().max()) < 2e-4


def test_all_energies_are_swapped_in_a_copy(scene: TrainedScene) -> None:
    known = dict(scene.network.energies.energies)
    swapped = with_product_energies(scene.network, scene.sample_frames, scene.sample_motion)
    assert {type(each) for each in swapped.energies.mixtures} <= {ProductEnergy, ExplicitEnergy}
    assert len(swapped.energies.mixtures) == len(known)
    assert scene.network.energies.energies == known


def test_an_energy_that_would_keep_its_form_of_training_is_refused(scene: TrainedScene) -> None:
    network = copy.deepcopy(scene.network)
    network.add_module("another", energy_of(2, 2))
    with pytest.raises(CheckFailed, match="another would be exported in the form of training"):
        with_product_energies(network, scene.sample_frames, scene.sample_motion)
