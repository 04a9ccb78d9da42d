"""The proof that a graph says what the network says."""

from __future__ import annotations

import copy
import dataclasses
import math

import numpy as np
import onnx
import pytest
import torch
from msgspec.structs import replace
from onnx import numpy_helper

from edge_vad.errors import CheckFailed
from edge_vad.scene_model import Parity
from edge_vad_export.graph import build_graph
from edge_vad_export.verification.parity import (
    MAP_TOLERANCE,
    TOLERANCE,
    demand_parity,
    measure_parity,
)
from edge_vad_train.checkpoint import TrainedScene
from edge_vad_train.model.background import Background


def change_weight(model: onnx.ModelProto, ending: str, by: float) -> None:
    (weight,) = (each for each in model.graph.initializer if each.name.endswith(ending))
    changed = numpy_helper.to_array(weight) + np.float32(by)
    weight.CopyFrom(numpy_helper.from_array(changed, weight.name))


def test_the_real_graph_is_the_network(graph: onnx.ModelProto, scene: TrainedScene) -> None:
    parity = measure_parity(scene, graph)
    assert parity.frames == len(scene.sample_frames)
    assert parity.energy_relative_error < TOLERANCE / 10
    assert parity.map_relative_error < MAP_TOLERANCE / 10
    demand_parity(parity)


@pytest.mark.parametrize(
    "weight",
    [
        "appearance_encoder.mean.bias",
        "motion_encoder.mean.bias",
        "mixtures.0.constant",
        "mixtures.1.form",
        "mixtures.2.constant",
        "mixtures.3.form",
    ],
)
@pytest.mark.parametrize("by", [0.1, math.nan])
def test_a_weight_that_is_not_the_networks_is_seen(
    graph: onnx.ModelProto, scene: TrainedScene, weight: str, by: float
) -> None:
    change_weight(graph, weight, by)
    with pytest.raises(CheckFailed, match="energies differ from the trained scene's by"):
        demand_parity(measure_parity(scene, graph))


def test_a_calibration_that_is_not_the_scenes_is_seen(
    graph: onnx.ModelProto, scene: TrainedScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    joint = scene.card.energies["joint"]
    other = replace(joint, locations=tuple(each - 1 for each in joint.locations))
    monkeypatch.setattr(scene.network, "calibrations", scene.card.energies | {"joint": other})
    with pytest.raises(CheckFailed, match="anomaly maps differ from the trained scene's by"):
        demand_parity(measure_parity(scene, graph))


@pytest.mark.parametrize("error", [1.0, math.inf, math.nan])
def test_an_error_beyond_the_tolerance_is_refused(error: float) -> None:
    demand_parity(Parity(8, MAP_TOLERANCE, TOLERANCE, 0.0))
    for parity in (Parity(8, MAP_TOLERANCE, error, 0.0), Parity(8, error, TOLERANCE, 0.0)):
        with pytest.raises(CheckFailed, match="nothing was written"):
            demand_parity(parity)


def test_the_graph_of_a_scene_of_several_lights_is_the_network(scene: TrainedScene) -> None:
    network = copy.deepcopy(scene.network)
    views = network.energies.views
    picture = views.background.pictures
    views.background = Background(torch.cat([picture, picture.flip(3)], 1))
    network.calibrations = {
        name: replace(each, locations=(*each.locations, 3.0), scales=(*each.scales, 2.0))
        for name, each in network.calibrations.items()
    }
    frames = scene.sample_frames.clone()
    frames[1::2] = frames[1::2].flip(2)
    several = dataclasses.replace(scene, network=network, sample_frames=frames)
    light = views(frames, scene.sample_motion).light
    assert light.tolist() == [[1, 0], [0, 1]] * (len(frames) // 2)
    demand_parity(measure_parity(several, build_graph(several)))
