"""What can be chosen of a training does what it says."""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
import pytest

from edge_vad.motion import FlowMeter, MotionSettings
from edge_vad_train.cli.train import FLOWS
from edge_vad_train.expectation_maximisation import fit_mixture
from edge_vad_train.settings import LAYERS, TrainSettings


@pytest.mark.parametrize("cell", LAYERS)
def test_cells_lie_as_far_apart_as_is_said_and_see_patches_of_the_same_size(cell: int) -> None:
    design = TrainSettings(cell=cell).design
    for stream in (design.appearance, design.motion):
        downscale = MotionSettings().downscale
        assert (stream.stride * downscale, stream.patch * downscale) == (cell, 28)


def test_the_flow_called_medium_is_that_preset_of_opencv() -> None:
    rng = np.random.default_rng(0)
    first = cv2.GaussianBlur(rng.integers(0, 256, (96, 128), np.uint8), (0, 0), 2)
    second = np.roll(first, 3, axis=1)
    settings = msgspec.structs.replace(FLOWS["medium"], downscale=1)
    flow = np.zeros((2, 96, 128), np.float32)
    FlowMeter(96, 128, settings).measure(first, second, flow)
    preset = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    np.testing.assert_array_equal(np.moveaxis(flow, 0, 2), preset.calc(first, second, None))


@pytest.mark.parametrize("floor", [0.01, 0.5])
def test_no_variance_is_below_the_noise_floor(floor: float) -> None:
    latents = np.random.default_rng(0).normal(0, 0.02, (400, 3)).astype(np.float32)
    for factor in fit_mixture(latents, 2, 0, floor).precision_factors:
        covariance = np.linalg.inv(factor @ factor.T)
        assert np.linalg.eigvalsh(covariance).min() >= floor * 0.999
