from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad_export.deploy.product_energy import (
    Standardisation,
    common_standardisation,
    partners,
    product_form,
)


def terms_of(weights, standardisation, latent):
    """The form by its definition: weighed products of every coordinate, and a 1, with partners."""
    coordinates = standardisation.matrix @ np.append(latent, 1)
    return weights * (coordinates * coordinates[partners(len(coordinates))]).ravel()


@pytest.mark.parametrize("size", range(1, 12))
def test_every_two_coordinates_meet_once_and_opposite_ones_twice(size):
    met = [tuple(sorted((one, other))) for row in partners(size) for one, other in enumerate(row)]
    assert set(met) == set(combinations_with_replacement(range(size), 2))
    twice = {pair for pair in met if met.count(pair) > 1}
    assert twice == (
        {(one, one + size // 2) for one in range(size // 2)} if size % 2 == 0 else set()
    )


@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 999))
def test_the_form_is_the_sum_of_squares_in_any_coordinates(components, depth, seed):
    random = np.random.default_rng(seed)
    factors = random.normal(0, 1, (components, depth, depth)) + 3 * np.eye(depth)
    offsets = random.normal(0, 2, (components, depth))
    standardisation = Standardisation(random.normal(0, 1, depth), random.uniform(0.3, 3, depth))
    latent = random.normal(0, 2, depth)
    terms = terms_of(product_form(factors, offsets, standardisation), standardisation, latent)
    expected = ((factors @ latent + offsets) ** 2).sum(1)
    # The weights are rounded to single precision, each by 6e-8 of itself, and terms may cancel.
    assert (np.abs(terms.sum(1) - expected) <= 1e-7 * np.abs(terms).sum(1)).all()


@given(st.integers(1, 5), st.integers(2, 6), st.integers(0, 999))
def test_in_the_common_frame_components_have_mean_0_and_variance_1(components, depth, seed):
    random = np.random.default_rng(seed)
    factors = random.normal(0, 1, (components, depth, depth)) + 3 * np.eye(depth)
    offsets = random.normal(0, 2, (components, depth))
    standardisation = common_standardisation(factors, offsets)
    spread = np.linalg.inv(factors)
    means = -(spread @ offsets[..., None])[..., 0]
    inside = standardisation.scale * (means - standardisation.centre)
    widths = standardisation.scale[:, None] * spread
    variances = (widths**2).sum(2).mean(0) + (inside**2).mean(0)
    np.testing.assert_allclose(inside.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(variances, 1, rtol=1e-9)


def test_a_component_without_a_mean_has_a_form_all_the_same():
    factors, offsets = np.zeros((2, 3, 3)), np.ones((2, 3))
    factors[1] = np.eye(3)
    standardisation = common_standardisation(factors, offsets)
    form = product_form(factors, offsets, standardisation)
    assert np.isfinite(form).all()
    found = terms_of(form, standardisation, np.array([3.0, -2.0, 1.0])).sum(1)
    np.testing.assert_allclose(found, [3.0, 16 + 1 + 4], rtol=1e-6)
