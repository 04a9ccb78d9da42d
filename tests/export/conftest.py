"""One scene and its graph, which every test of the export looks at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
import torch

from edge_vad.backends import ModelInput
from edge_vad.opencv import cv2
from edge_vad.scene_model import Calibration, SceneModel
from edge_vad.sources import open_source
from edge_vad_export.conversion import ConvertedScene, place
from edge_vad_export.graph import build_graph
from edge_vad_train.checkpoint import TrainedScene, load_trained
from edge_vad_train.model.scene_network import PHYSICAL


@pytest.fixture(scope="session")
def trained(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scene, changed so that every energy has a part in map and score.

    After so short a training the physical numbers, and places at rest, drown out whatever the
    encoders say.
    """
    scene = load_trained(trained)
    calibrations = {}
    with torch.inference_mode():
        for name, lowest, _ in _ranges(scene):
            scene.network.energies.energies[name].rest.fill_(lowest)
        for name, lowest, highest in _ranges(scene):
            middle = (lowest + highest) / 2
            scale = (highest - middle) * (10 if name == PHYSICAL else 1)
            calibrations[name] = Calibration((middle,), (scale,), 1.0)
    folder = tmp_path_factory.mktemp("calibrated") / "street"
    folder.mkdir()
    replace(scene, card=msgspec.structs.replace(scene.card, energies=calibrations)).save(folder)
    return folder


def _ranges(scene: TrainedScene) -> list[tuple[str, float, float]]:
    """The lowest and the highest of every energy on the frames that the training kept."""
    given = scene.network(scene.sample_frames, scene.sample_motion)
    values = dict(zip(scene.network.outputs, given, strict=True))
    energies = {name: values[f"{name}_energy"] for name in scene.card.energies}
    return [(name, float(each.min()), float(each.max())) for name, each in energies.items()]


@pytest.fixture(scope="session")
def scene(trained: Path) -> TrainedScene:
    return load_trained(trained)


@pytest.fixture(scope="session")
def built(scene: TrainedScene) -> bytes:
    return build_graph(scene).SerializeToString()


@pytest.fixture
def graph(built: bytes) -> onnx.ModelProto:
    """The scene's graph; a test may change it."""
    return onnx.load_from_string(built)


FOOTAGE = "test://street?seed=7&frames=40&size=128x96"


@pytest.fixture
def single(graph: onnx.ModelProto, scene: TrainedScene, tmp_path: Path) -> SceneModel:
    """The scene model in single precision."""
    return place(ConvertedScene(graph, scene.card), tmp_path / "single.onnx")


@pytest.fixture(scope="session")
def frames(scene: TrainedScene) -> list[ModelInput]:
    """The frames that the training kept, one by one."""
    looks, moves = scene.sample_frames.numpy(), scene.sample_motion.numpy()
    return [
        ModelInput(looks[index : index + 1], moves[index : index + 1])
        for index in range(len(looks))
    ]


@pytest.fixture
def footage() -> str:
    return FOOTAGE


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A data set of one test clip, laid out like UCSD's: something white rushes past at its end."""
    root = tmp_path / "labelled"
    frames, masks = root / "Test" / "Test001", root / "Test" / "Test001_gt"
    for folder in (root / "Train" / "Train001", frames, masks):
        folder.mkdir(parents=True)
    for frame in open_source("test://street?seed=5&frames=24&size=128x96"):
        image, mask = frame.image.copy(), np.zeros((96, 128), np.uint8)
        if frame.index >= 16:
            left = 8 * (frame.index - 15)
            image[40:70, left : left + 30] = 255
            mask[40:70, left : left + 30] = 255
        cv2.imwrite(str(frames / f"{frame.index + 1:03}.png"), image)
        cv2.imwrite(str(masks / f"{frame.index + 1:03}.bmp"), mask)
    cv2.imwrite(str(root / "Train" / "Train001" / "001.png"), image)
    return root
