"""What can be chosen of a training does what it says."""

from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import click
import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from options_table import options_table

from edge_vad.errors import Unavailable
from edge_vad.motion.extractor import FlowExtractor, MotionSettings
from edge_vad_train.cli.train import train
from edge_vad_train.fitting.em import fit_mixture
from edge_vad_train.settings import FLOWS, INTERNAL, Recipe, TrainSettings

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("recipe", get_args(Recipe))
def test_both_streams_of_a_recipe_have_one_grid_and_cells_of_28_px(recipe: Recipe) -> None:
    streams = TrainSettings(recipe=recipe).architectures
    motion = TrainSettings(recipe=recipe).at(10).motion.downscale
    shrunk = {"appearance": 1 if recipe == "paper" else motion, "motion": motion}
    for name, stream in streams.items():
        assert (stream.stride * shrunk[name], stream.patch * shrunk[name]) == (8, 28)


@given(st.floats(0.1, 2000), st.sampled_from(get_args(Recipe)), st.integers(0, 256))
def test_at_any_rate_the_motion_is_one_that_a_scene_may_have(
    fps: float, recipe: Recipe, window: int
) -> None:
    motion = TrainSettings(recipe=recipe, window=window).at(fps).motion
    assert msgspec.json.decode(msgspec.json.encode(motion), type=MotionSettings) == motion
    assert motion.window == window or not window
    assert motion.channels == (2 if recipe == "paper" else 3)


@pytest.mark.parametrize(("fps", "window"), [(1, 1), (10, 6), (25, 15), (30, 18)])
def test_six_tenths_of_a_second_of_flow_are_pooled(fps: float, window: int) -> None:
    assert TrainSettings().at(fps).motion.window == window


def test_the_flow_called_medium_is_that_preset_of_opencv() -> None:
    rng = np.random.default_rng(0)
    first = cv2.GaussianBlur(rng.integers(0, 256, (96, 128), np.uint8), (0, 0), 2)
    second = np.roll(first, 3, axis=1)
    settings = msgspec.structs.replace(FLOWS["medium"], downscale=1)
    flow = np.zeros((2, 96, 128), np.float32)
    FlowExtractor(96, 128, settings).measure(first, second, flow)
    preset = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    preset.setVariationalRefinementEpsilon(0.001)  # which all of OpenCV 4 can give
    np.testing.assert_array_equal(np.moveaxis(flow, 0, 2), preset.calc(first, second, None))


@pytest.mark.parametrize("floor", [0.01, 0.5])
def test_no_variance_is_below_the_noise_floor(floor: float) -> None:
    latents = np.random.default_rng(0).normal(0, 0.02, (400, 3)).astype(np.float32)
    for factor in fit_mixture(latents, 2, 0, floor).precision_factors:
        covariance = np.linalg.inv(factor @ factor.T)
        assert np.linalg.eigvalsh(covariance).min() >= floor * 0.999


def declared() -> dict[str, msgspec.Meta]:
    """What is declared of every setting that has an option."""
    hints = get_type_hints(TrainSettings, include_extras=True)
    return {
        name: get_args(hints[name])[1]
        for name in TrainSettings.__struct_fields__
        if name not in INTERNAL
    }


def option_of(name: str) -> click.Option:
    [option] = [each for each in train.params if each.name == name]
    return option


def test_every_setting_has_an_option_or_is_internal() -> None:
    options = {each.name for each in train.params}
    assert set(INTERNAL) <= set(TrainSettings.__struct_fields__)
    assert set(TrainSettings.__struct_fields__) - options == set(INTERNAL)


@pytest.mark.parametrize("name", declared())
def test_an_options_help_bounds_and_default_are_those_that_the_settings_declare(name: str) -> None:
    option, meta = option_of(name), declared()[name]
    assert option.help == meta.description
    if isinstance(option.type, click.IntRange):
        assert (option.type.min, option.type.max) == (meta.ge, meta.le)


def test_without_options_a_training_has_the_default_settings() -> None:
    context = train.make_context("train", ["street.mp4", "--out", "runs"])
    chosen = {name: context.params[name] for name in declared()}
    assert TrainSettings(**chosen) == TrainSettings()


def test_parallel_flow_is_the_usual_one_but_for_propagation() -> None:
    context = train.make_context("train", ["street.mp4", "--flow", "parallel", "--out", "runs"])
    usual = TrainSettings().at(10).motion
    assert TrainSettings(motion=context.params["motion"]).at(10).motion == msgspec.structs.replace(
        usual, propagation=False
    )


def test_the_table_of_options_is_that_of_the_settings() -> None:
    assert options_table() in (ROOT / "docs" / "training.md").read_text(encoding="utf-8")


def test_a_setting_has_the_name_that_an_unfinished_training_knows_it_by() -> None:
    """Otherwise the same command would not take it up."""
    assert list(msgspec.to_builtins(TrainSettings())) == [
        "recipe", "seed", "steps", "latent", "components", "score_cells", "patches", "cells",
        "frame_budget", "window", "motion",
    ]  # fmt: skip


def test_a_flow_unit_is_named_in_full_when_training_begins(monkeypatch) -> None:
    settings = TrainSettings(motion=FLOWS["nvof"])
    with pytest.raises(Unavailable, match="libnvidia-opticalflow"):
        settings.at(10)
    full = "NVOF of compute capability 8.9"
    monkeypatch.setattr("edge_vad_train.settings.name_unit", {"nvof": full}.__getitem__)
    assert settings.at(10).motion.code == full
    assert settings.at(10).at(10).motion.code == full
    assert TrainSettings().at(10).motion.code == MotionSettings().code
