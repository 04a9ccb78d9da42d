"""How much of a latent tells anything."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_vad_train.latents import count_active


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 2**16))
def test_only_dimensions_that_differ_from_patch_to_patch_are_active(active, asleep, seed):
    rng = np.random.default_rng(seed)
    means = rng.standard_normal((500, active + asleep)).astype(np.float32)
    means[:, active:] *= 0.01
    assert count_active(means + rng.uniform(-5, 5)) == active
