"""How often what is seen where makes a component likelier there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_vad_train.fitting import spatial_prior
from edge_vad_train.fitting.spatial_prior import SpatialPrior, spatial_log_prior

PRIOR = SpatialPrior(exponent=2.0, blur_cells=1.5)
MOST = PRIOR.exponent * spatial_prior._MAX_LOG_PRIOR


def log_prior_of(seen: np.ndarray) -> torch.Tensor:
    """Of components that weigh as much as they were seen."""
    weights = np.maximum(seen.sum((1, 2)), 1e-3)
    return spatial_log_prior(seen.astype(np.float32), np.log(weights / weights.sum()), PRIOR)


counts = st.integers(1, 4).flatmap(
    lambda k: arrays(np.float32, (k, 4, 5), elements=st.floats(0.0625, 1000, width=32))
)


@given(counts)
def test_what_is_seen_as_often_everywhere_is_lifted_nowhere(seen: np.ndarray) -> None:
    everywhere = np.broadcast_to(seen[:, :1, :1], seen.shape)
    np.testing.assert_allclose(log_prior_of(everywhere), 0, atol=1e-3)


def test_where_nothing_was_seen_at_all_no_place_is_lifted() -> None:
    np.testing.assert_allclose(log_prior_of(np.zeros((2, 3, 3))), 0, atol=1e-3)


def test_a_place_where_nobody_was_seen_among_others_is_lifted_for_nothing() -> None:
    seen = np.full((2, 30, 30), 100.0)
    seen[1] = 50
    seen[:, :, 20:] = 0
    np.testing.assert_allclose(log_prior_of(seen)[0, :, 15, 29], 0, atol=1e-3)


@given(counts)
def test_a_log_prior_is_bounded_above_and_below(seen: np.ndarray) -> None:
    """However rare a component is at a place, the pseudo-count bounds what it costs there."""
    log_prior = log_prior_of(seen).numpy()
    frames = seen.sum(0)
    pseudo_count = spatial_prior._PSEUDO_COUNT * frames.mean()
    lowest = PRIOR.exponent * np.log(pseudo_count / (frames.max() + pseudo_count))
    assert np.isfinite(log_prior).all()
    assert lowest - 1e-2 <= log_prior.min() <= log_prior.max() <= MOST + 1e-5


def test_a_component_is_lifted_where_it_was_seen_and_lowered_where_not() -> None:
    seen = np.full((2, 20, 20), 100.0)
    seen[1, :, :10], seen[1, :, 10:] = 50, 0
    log_prior = log_prior_of(seen)[0, 1]
    assert float(log_prior[10, 2]) > 0.5
    assert float(log_prior[10, 18]) < -2


def test_what_is_seen_at_one_place_only_is_lifted_there_up_to_a_bound() -> None:
    seen = np.full((2, 9, 9), 100.0)
    seen[1], seen[:, 4, 4] = 0, 50
    assert float(log_prior_of(seen).max()) == pytest.approx(MOST)


def test_what_was_seen_at_a_place_might_as_well_have_been_beside_it() -> None:
    seen = np.full((2, 15, 15), 100.0)
    seen[1], seen[:, 7, 7] = 2, 60
    log_prior = log_prior_of(seen)[0, 1]
    for near in (log_prior[7, 8], log_prior[6, 7]):
        assert float(log_prior[0, 0]) < float(near) <= float(log_prior[7, 7])


def test_a_component_that_was_never_seen_breaks_nothing() -> None:
    seen = np.full((2, 3, 3), 10.0)
    seen[1] = 0
    assert torch.isfinite(log_prior_of(seen)).all()
