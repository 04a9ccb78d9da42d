"""One scene and its graph, which every test of the export looks at."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from edge_vad_export.graph import build_graph
from edge_vad_train.checkpoint import TrainedScene, load_trained


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
