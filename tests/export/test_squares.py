from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_vad_export.squares import Frame, add_pairs, common_frame, squared_form


def evaluate(weights, frames, latent):
    """The form by its definition: squares within every part and a 1, then across parts."""
    ends = np.cumsum([0, *(len(frame.centre) for frame in frames)])
    parts = [
        frame.matrix @ np.append(latent[begin:end], 1)
        for frame, begin, end in zip(frames, ends, ends[1:], strict=False)
    ]
    squares = [(add_pairs(len(part)) @ part) ** 2 for part in parts]
    squares += [
        np.add.outer(one[:-1], other[:-1]).ravel() ** 2 for one, other in combinations(parts, 2)
    ]
    return sum(each @ square for each, square in zip(weights, squares, strict=True))


@given(st.integers(1, 6), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 999))
def test_the_form_is_the_sum_of_squares_in_any_coordinates(components, sizes, seed):
    random = np.random.default_rng(seed)
    depth = sum(sizes)
    factors = random.normal(0, 1, (components, depth, depth)) + 3 * np.eye(depth)
    offsets = random.normal(0, 2, (components, depth))
    frames = [Frame(random.normal(0, 1, size), random.uniform(0.3, 3, size)) for size in sizes]
    latent = random.normal(0, 2, depth)
    found = evaluate(squared_form(factors, offsets, frames), frames, latent)
    expected = ((factors @ latent + offsets) ** 2).sum(1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * expected.max())


@given(st.integers(1, 5), st.integers(2, 6), st.integers(0, 999))
def test_in_the_common_frame_components_have_mean_0_and_variance_1(components, depth, seed):
    random = np.random.default_rng(seed)
    factors = random.normal(0, 1, (components, depth, depth)) + 3 * np.eye(depth)
    offsets = random.normal(0, 2, (components, depth))
    frame = common_frame(factors, offsets)
    spread = np.linalg.inv(factors)
    means = -(spread @ offsets[..., None])[..., 0]
    inside = frame.scale * (means - frame.centre)
    variances = ((frame.scale[:, None] * spread) ** 2).sum(2).mean(0) + (inside**2).mean(0)
    np.testing.assert_allclose(inside.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(variances, 1, rtol=1e-9)


def test_a_component_without_a_mean_has_a_form_all_the_same():
    factors, offsets = np.zeros((2, 3, 3)), np.ones((2, 3))
    factors[1] = np.eye(3)
    frame = common_frame(factors, offsets)
    form = squared_form(factors, offsets, [frame])
    assert all(np.isfinite(each).all() for each in form)
    found = evaluate(form, [frame], np.array([3.0, -2.0, 1.0]))
    np.testing.assert_allclose(found, [3.0, 16 + 1 + 4], rtol=1e-6)
