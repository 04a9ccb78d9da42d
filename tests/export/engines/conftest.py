"""Scene models of all precisions, and the real builder of TensorRT-RTX, which needs no GPU."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import onnx
import pytest

from edge_vad.backends import ModelInput
from edge_vad.backends.tensorrt_library import Library, load_library
from edge_vad.errors import Unavailable
from edge_vad.scene_file import append_digest
from edge_vad.scene_model import METADATA_KEY
from edge_vad_export.precision.fp16 import to_fp16
from edge_vad_export.precision.int8 import calibrate, to_int8
from edge_vad_train.checkpoint import TrainedScene

CAPABILITY = "8.9"


@pytest.fixture(scope="session")
def rtx() -> Library:
    try:
        return load_library("rtx")
    except Unavailable as error:
        if os.environ.get("CI"):
            pytest.fail(f"TensorRT-RTX must be here: {error.what}")
        pytest.skip(error.what)


@pytest.fixture(scope="session")
def precise(built: bytes, scene: TrainedScene) -> dict[str, onnx.ModelProto]:
    """The scene's graph in every precision that is exported."""
    graph = onnx.load_from_string(built)
    frames = [
        ModelInput(*(each[index : index + 1].numpy() for each in samples))
        for samples in [(scene.sample_frames, scene.sample_motion)]
        for index in range(len(scene.sample_frames))
    ]
    return {"fp32": graph, "fp16": to_fp16(graph), "int8": to_int8(calibrate(graph, frames))}


@pytest.fixture
def write(
    precise: dict[str, onnx.ModelProto], scene: TrainedScene, tmp_path: Path
) -> Callable[..., Path]:
    """Writes a scene model: `write("fp16")`, or another graph under that name."""

    def write(precision: str, graph: onnx.ModelProto | None = None) -> Path:
        path = tmp_path / f"street.{precision}.onnx"
        model = onnx.ModelProto()
        model.CopyFrom(graph or precise[precision])
        card = msgspec.structs.replace(scene.card, precision=precision)
        onnx.helper.set_model_props(model, {METADATA_KEY: card.encode()})
        path.write_bytes(append_digest(model.SerializeToString()))
        return path

    return write
