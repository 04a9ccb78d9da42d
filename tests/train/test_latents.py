"""How much of a latent tells anything, and what the mixtures are told of bad weather."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.motion import MotionSettings
from edge_vad_train.appearance import Appearance
from edge_vad_train.bad_weather import Copy
from edge_vad_train.footage import Stretch
from edge_vad_train.latents import LearntScene, count_active, fit_mixtures
from edge_vad_train.model import StreamVAE
from edge_vad_train.settings import TrainSettings

MOTION = MotionSettings()


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 2**16))
def test_only_dimensions_that_differ_from_patch_to_patch_are_active(active, asleep, seed):
    rng = np.random.default_rng(seed)
    means = rng.standard_normal((500, active + asleep)).astype(np.float32)
    means[:, active:] *= 0.01
    assert count_active(means + rng.uniform(-5, 5)) == active


def stretch(seed: int) -> Stretch:
    """A street, in which a bright square moves."""
    rng = np.random.default_rng(seed)
    frames = rng.integers(80, 90, (30, 96, 128, 3), dtype=np.uint8)
    motion = rng.normal(0, 0.05, (30, MOTION.channels, 48, 64)).astype(np.float16)
    for index in range(30):
        frames[index, 30:60, 3 * index : 3 * index + 20] = 200
        motion[index, 0, 15:30, 3 * index // 2 : 3 * index // 2 + 10] = 3
    return Stretch(f"clip {seed}", frames, motion)


def learn(copies: list[Copy]) -> LearntScene:
    torch.manual_seed(0)
    settings = TrainSettings()
    encoders = tuple(
        StreamVAE(each, 1.0).encoder.eval()
        for each in (settings.design.appearance, settings.design.motion)
    )
    appearance = Appearance(torch.full((1, 3, 48, 64), 0.33))
    footage = [stretch(1), stretch(2)]
    return fit_mixtures(footage, copies, appearance, encoders, (2, 2, 3), 400, seed=0)


def test_weather_that_is_not_learnt_only_tells_what_is_usual_where():
    weather = Copy(0, stretch(3))
    before, told, learnt = (
        learn([weather, *more]).energies()
        for more in ([], [Copy(1, stretch(4), is_learnt=False)], [Copy(1, stretch(4))])
    )
    assert torch.equal(told.joint_energy.weight, before.joint_energy.weight)
    assert not torch.equal(learnt.joint_energy.weight, before.joint_energy.weight)
    assert not torch.equal(told.joint_energy.constant, before.joint_energy.constant)
    for energy in ("appearance_energy", "motion_energy"):
        assert torch.equal(getattr(told, energy).constant, getattr(before, energy).constant)
