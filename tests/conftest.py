"""A scene model small enough to build in every test, and footage for it."""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import msgspec
import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge_vad.cli import main
from edge_vad.false_alarms import NormalTail
from edge_vad.motion.extractor import MotionSettings
from edge_vad.opencv import cv2
from edge_vad.scene_file import append_digest
from edge_vad.scene_model import (
    METADATA_KEY,
    SCHEMA,
    Calibration,
    Grid,
    SceneCard,
    Training,
)

# Processes with a thread for every core hinder one another beyond measure when tests run abreast.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# How long an example takes says nothing on a machine that others use.
settings.register_profile("edge-vad", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("edge-vad")
# A shell makes what it starts in the background deaf to Ctrl-C, and here Ctrl-C is tested.
signal.signal(signal.SIGINT, signal.default_int_handler)

HEIGHT, WIDTH, PATCH, STRIDE = 48, 64, 16, 8


def tiny_card(height: int = HEIGHT, width: int = WIDTH, **changes: object) -> SceneCard:
    """A valid card; its threshold for 1/hour is 2.0."""
    grid = Grid((height - PATCH) // STRIDE + 1, (width - PATCH) // STRIDE + 1, PATCH, STRIDE)
    calibration = Calibration(locations=(0.0,), scales=(1.0,), weight=1.0)
    card = SceneCard(
        schema=SCHEMA,
        height=height,
        width=width,
        fps=10.0,
        motion=MotionSettings(window=3),
        grid=grid,
        energies=dict.fromkeys(("joint", "physical"), calibration),
        normal=NormalTail(
            hours=2.0,
            frames=72000,
            start=1.0,
            alarms_per_hour=10.0,
            scale=1 / math.log(10),
            shape=0.0,
        ),
        training=Training(("normal.mp4",), 72000, 0, "2026-01-01T00:00:00Z", {}),
    )
    return msgspec.structs.replace(card, **changes)


def tiny_graph(card: SceneCard) -> onnx.ModelProto:
    """Squared motion, averaged over the cells' patches; the score is the highest cell."""
    shrink = card.motion.downscale
    kernel, step = card.grid.patch // shrink, card.grid.stride // shrink
    motion_shape = ["N", card.motion.channels, card.height // shrink, card.width // shrink]
    nodes = [
        helper.make_node("ReduceSumSquare", ["motion", "channels"], ["energy"], keepdims=0),
        helper.make_node("Unsqueeze", ["energy", "channel"], ["stacked"]),
        helper.make_node(
            "AveragePool",
            ["stacked"],
            ["pooled"],
            kernel_shape=[kernel, kernel],
            strides=[step, step],
        ),
        helper.make_node("Squeeze", ["pooled", "channel"], ["anomaly_map"]),
        helper.make_node("ReduceMax", ["anomaly_map", "cells"], ["score"], keepdims=0),
    ]
    numbers = {"channels": [1], "channel": [1], "cells": [1, 2]}
    cells = ["N", card.grid.rows, card.grid.columns]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(
                "frame", TensorProto.UINT8, ["N", card.height, card.width, 3]
            ),
            helper.make_tensor_value_info("motion", TensorProto.FLOAT, motion_shape),
        ],
        [
            helper.make_tensor_value_info("anomaly_map", TensorProto.FLOAT, cells),
            helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N"]),
        ],
        [
            helper.make_tensor(name, TensorProto.INT64, [len(values)], values)
            for name, values in numbers.items()
        ],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9, producer_name="tests"
    )


def tiny_motion_graph(card: SceneCard) -> onnx.ModelProto:
    """A graph with motion inside: the mean change of grey since the camera's last frame.

    It counts the frame times since the camera was reset in every number of its window, adds one to
    those of its clock at every frame, and knows motion from the second frame on.
    """
    nodes = [
        helper.make_node("Cast", ["reset"], ["fresh"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["one", "fresh"], ["kept"]),
        helper.make_node("Cast", ["frame"], ["bright"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["bright", "colours"], ["grey"], keepdims=0),
        helper.make_node("Cast", ["grey"], ["next_grey"], to=TensorProto.UINT8),
        helper.make_node("Cast", ["last_grey"], ["before"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["grey", "before"], ["change"]),
        helper.make_node("Abs", ["change"], ["moved"]),
        helper.make_node("Unsqueeze", ["moved", "channel"], ["stacked"]),
        helper.make_node(
            "AveragePool",
            ["stacked"],
            ["pooled"],
            kernel_shape=[card.grid.patch] * 2,
            strides=[card.grid.stride] * 2,
        ),
        helper.make_node("Squeeze", ["pooled", "channel"], ["changed"]),
        helper.make_node("Unsqueeze", ["kept", "clock_axes"], ["kept_clock"]),
        helper.make_node("Mul", ["last_clock", "kept_clock"], ["clock"]),
        helper.make_node("Add", ["clock", "one"], ["next_clock"]),
        helper.make_node("Unsqueeze", ["kept", "window_axes"], ["kept_window"]),
        helper.make_node("Unsqueeze", ["elapsed", "window_axes"], ["time"]),
        helper.make_node("Mul", ["last_window", "kept_window"], ["window"]),
        helper.make_node("Add", ["window", "time"], ["next_window"]),
        helper.make_node("ReduceMax", ["next_window", "window_axes"], ["age"], keepdims=0),
        helper.make_node("Unsqueeze", ["age", "cells"], ["aged"]),
        helper.make_node("Add", ["changed", "aged"], ["anomaly_map"]),
        helper.make_node("ReduceMax", ["anomaly_map", "cells"], ["score"], keepdims=0),
        helper.make_node("ReduceMax", ["clock", "channel"], ["frames"], keepdims=0),
        helper.make_node("Greater", ["frames", "half"], ["motion_known"]),
    ]
    axes = {"colours": [3], "channel": [1], "clock_axes": [1], "cells": [1, 2]}
    axes["window_axes"] = [1, 2, 3, 4]
    kinds = {"frame": np.uint8, "reset": np.bool_, "motion_known": np.bool_}
    kinds |= {name: each.dtype for each in card.state for name in (each.input, each.output)}
    cells = (card.grid.rows, card.grid.columns)
    outputs = {"anomaly_map": cells, "score": (), "motion_known": ()}
    outputs |= {each.output: each.shape for each in card.state}

    def values(shapes: dict[str, tuple[int, ...]]) -> list[onnx.ValueInfoProto]:
        return [
            helper.make_tensor_value_info(
                name,
                helper.np_dtype_to_tensor_dtype(np.dtype(kinds.get(name, np.float32))),
                ["N", *shape],
            )
            for name, shape in shapes.items()
        ]

    weights = [
        helper.make_tensor(name, TensorProto.INT64, [len(held)], held)
        for name, held in axes.items()
    ]
    weights += [
        helper.make_tensor(name, TensorProto.FLOAT, [], [held])
        for name, held in (("one", 1.0), ("half", 0.5))
    ]
    graph = helper.make_graph(nodes, "tiny", values(card.inputs), values(outputs), weights)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9, producer_name="tests"
    )


def write_scene(path: Path, card: SceneCard, metadata: str | None = None) -> Path:
    """Write a scene model; `metadata` stands in for the card's own document."""
    model = tiny_motion_graph(card) if card.motion_inside else tiny_graph(card)
    helper.set_model_props(model, {METADATA_KEY: card.encode() if metadata is None else metadata})
    path.write_bytes(append_digest(model.SerializeToString()))
    return path


def texture(seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """A picture with detail everywhere, for optical flow to hold on to."""
    noise = np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)


def movement(frames: int = 40, moving: range = range(15, 25)) -> list[NDArray[np.uint8]]:
    """A still scene; in the `moving` frames its middle slides to the right by 3 px a frame.

    No camera gives the same picture twice: a corner differs from frame to frame.
    """
    still, sliding = texture(), texture(seed=1)
    pictures = []
    for index in range(frames):
        picture = still.copy()
        picture[:2, :2] = 37 * index % 256
        if index in moving:
            picture[12:36, 16:48] = np.roll(sliding, 3 * index, axis=1)[12:36, 16:48]
        pictures.append(picture)
    return pictures


def write_frames(folder: Path, pictures: list[NDArray[np.uint8]]) -> Path:
    """Write a folder of frames, which play at 10 a second."""
    folder.mkdir()
    (folder / "fps.txt").write_text("10")
    for index, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{index:03}.png"), picture)
    return folder


def write_avi(path: Path, pictures: list[NDArray[np.uint8]], fps: float = 10.0) -> Path:
    """Write a motion JPEG video, which stays readable when it is cut short."""
    rows, columns = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (columns, rows))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """The functions above, for tests that need more than the fixtures below."""
    return SimpleNamespace(
        card=tiny_card,
        scene=write_scene,
        texture=texture,
        movement=movement,
        frames=write_frames,
        avi=write_avi,
    )


@pytest.fixture
def tiny_scene(tmp_path: Path) -> Callable[..., Path]:
    """Writes a scene model: `tiny_scene(fps=25.0)` changes its card."""

    def build(name: str = "scene.onnx", **changes: object) -> Path:
        return write_scene(tmp_path / name, tiny_card(**changes))

    return build


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A folder of 40 frames, 10 a second, with one movement in frames 15 to 24."""
    return write_frames(tmp_path / "clip", movement())


class Silence:
    """Stages of a training that nobody watches."""

    @contextmanager
    def stage(self, label: str, length: int | None) -> Iterator[Callable[[int, str], None]]:
        yield lambda steps, remark="": None

    def warn(self, text: str) -> None: ...


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a scene that was trained for a moment, on a street of 128x96."""
    Fabric = pytest.importorskip("lightning_fabric", reason="needs training").Fabric  # noqa: N806

    from edge_vad_train.datasets import open_dataset
    from edge_vad_train.pipeline import train_scene
    from edge_vad_train.settings import TrainSettings

    folder = tmp_path_factory.mktemp("scenes") / "street"
    settings = TrainSettings(steps=10, latent=3, components=3, patches=600, cells=2000)
    clips = open_dataset("test://street?seed=1&frames=120&size=128x96", "video").train
    train_scene(clips, folder, settings, Fabric(accelerator="cpu", devices=1), Silence())
    return folder


class Answer(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str


@pytest.fixture
def edge_vad(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """Runs the command line as it is typed: `edge_vad("run", scene, clip, "--out", out)`."""

    def answer(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["edge-vad", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as ending:
            code = int(ending.code or 0)
        return Answer(code, *capsys.readouterr())

    return answer
