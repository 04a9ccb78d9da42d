"""Dense inverse search as tensor operations, held to OpenCV's."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch

from edge_vad.errors import WrongUse
from edge_vad.motion.extractor import FlowExtractor, MotionSettings, for_long_steps
from edge_vad.opencv import cv2
from edge_vad_export.motion.dis import DisFlow
from edge_vad_export.motion.patches import PatchGrid
from edge_vad_export.motion.pyramid import AreaShrink, level_sizes
from edge_vad_export.motion.refinement import Warp
from edge_vad_export.motion.search import Spreading

USUAL = MotionSettings()
SETTINGS = {
    "usual": USUAL,
    "long steps": for_long_steps(USUAL),
    "full resolution": msgspec.structs.replace(USUAL, finest_scale=0, patch_stride=3),
    "no refinement": msgspec.structs.replace(USUAL, refinements=0),
    "no propagation": msgspec.structs.replace(USUAL, propagation=False),
    "no propagation, full": msgspec.structs.replace(USUAL, propagation=False, finest_scale=0),
    "rough": msgspec.structs.replace(USUAL, smoothness=3.0, gradients=20.0, iterations=5),
}


def tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture).float()[None, None]


def pair(make, height, width, right, down):
    """A texture, and the same where its middle has moved and the rest has not."""
    before = cv2.cvtColor(make.texture(height=height, width=width), cv2.COLOR_BGR2GRAY)
    after, moved = before.copy(), np.roll(before, (down, right), (0, 1))
    inner = np.s_[height // 4 : -height // 4, width // 4 : -width // 4]
    after[inner] = moved[inner]
    return before, after


def opencv_flow(before, after, settings):
    height, width = before.shape
    extractor = FlowExtractor(height, width, msgspec.structs.replace(settings, downscale=1))
    out = np.zeros(extractor.shape, np.float32)
    assert extractor.measure(before, after, out)
    return out


def tensor_flow(before, after, settings):
    with torch.inference_mode():
        return DisFlow(*before.shape, settings)(tensor(before), tensor(after))[0].numpy()


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("size", [(48, 64), (96, 128), (90, 121), (77, 150)])
def test_it_is_the_flow_of_opencv_at_any_size_and_setting(make, size, name):
    settings = SETTINGS[name]
    before, after = pair(make, *size, right=3, down=-2)
    expected = opencv_flow(before, after, settings)
    assert np.abs(expected).max() > 1
    error = np.abs(tensor_flow(before, after, settings) - expected)
    assert error.mean() < 0.01
    assert np.quantile(error, 0.999) < 0.5


def test_without_propagation_each_patch_is_searched_for_by_itself(make):
    before, after = pair(make, 96, 128, right=9, down=-5)
    alone = SETTINGS["no propagation"]
    spread, searched = (opencv_flow(before, after, each) for each in (USUAL, alone))
    assert np.abs(spread - searched).max() > 1
    assert np.abs(tensor_flow(before, after, alone) - searched).mean() < 0.01
    loops = [each for each in DisFlow(96, 128, alone).modules() if isinstance(each, Spreading)]
    assert not loops


def test_it_measures_the_shift_of_a_texture(make):
    before, _ = pair(make, 96, 128, 0, 0)
    flow = tensor_flow(before, np.roll(before, (2, -3), (0, 1)), USUAL)
    np.testing.assert_allclose(np.median(flow, (1, 2)), [-3, 2], atol=0.05)


def test_between_equal_pictures_nothing_moves(make):
    before, _ = pair(make, 96, 128, 0, 0)
    np.testing.assert_allclose(tensor_flow(before, before, USUAL), 0, atol=1e-5)


def test_pictures_of_a_batch_do_not_mix(make):
    pairs = [pair(make, 48, 64, right, 1) for right in (-3, 2)]
    net = DisFlow(48, 64, USUAL)
    with torch.inference_mode():
        befores, afters = (torch.cat(list(map(tensor, each))) for each in zip(*pairs, strict=True))
        together = net(befores, afters).numpy()
    for one, (before, after) in zip(together, pairs, strict=True):
        np.testing.assert_allclose(one, tensor_flow(before, after, USUAL), atol=1e-3)


def test_pictures_that_are_too_small_are_refused_before_anything_is_built():
    with pytest.raises(WrongUse, match="20x16 are too small"):
        DisFlow(16, 20, USUAL)


@pytest.mark.parametrize("after", [(24, 32), (48, 64), (12, 16), (23, 32), (23, 31), (17, 27)])
def test_the_pyramid_rounds_as_opencv_does(make, after):
    picture = cv2.cvtColor(make.texture(height=48, width=64), cv2.COLOR_BGR2GRAY)
    shrunk = AreaShrink((48, 64), after)(tensor(picture))[0, 0].numpy()
    expected = cv2.resize(picture, after[::-1], interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(shrunk, expected)


def test_levels_are_those_that_opencv_searches():
    assert level_sizes(240, 360, USUAL) == ((120, 180), (60, 90), (30, 45))
    assert level_sizes(241, 361, for_long_steps(USUAL))[-1] == (15, 22)


def test_pictures_are_warped_as_opencv_warps_them(make):
    picture = cv2.cvtColor(make.texture(height=48, width=64), cv2.COLOR_BGR2GRAY)
    flow = np.random.default_rng(0).normal(0, 8, (2, 48, 64)).astype(np.float32)
    y, x = np.mgrid[:48, :64].astype(np.float32)
    expected = cv2.remap(
        picture.astype(np.float32),
        x + flow[0],
        y + flow[1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    warped = Warp((48, 64))(tensor(picture), torch.from_numpy(flow)[None])[0, 0].numpy()
    np.testing.assert_allclose(warped, expected, atol=1e-3)


def test_every_pixel_knows_the_patches_over_it():
    numbers, there = PatchGrid((20, 30), patch=8, stride=5).cover(0)
    over = [set(numbers[there[:, row] > 0, row].tolist()) for row in range(20)]
    assert over[0] == {0}
    assert over[6] == {0, 1}
    assert over[19] == {2}  # beyond the last patch, which ends at 18
