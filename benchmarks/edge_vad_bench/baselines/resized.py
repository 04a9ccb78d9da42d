"""The same scene at other resolutions and with other numbers of components, for its growth."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import torch
from torch import Tensor

from edge_vad.backends import ModelInput
from edge_vad.backends.onnxruntime import open_session
from edge_vad.backends.providers import PROVIDERS
from edge_vad.motion.extractor import MotionExtractor
from edge_vad.onnx_file.pruning import needed_graph
from edge_vad.scene_model import Grid, SceneCard
from edge_vad_bench.parts.growth import LINEAR, Work, grow
from edge_vad_bench.schema import Growth
from edge_vad_bench.task import Task
from edge_vad_export.graph import build_graph
from edge_vad_train.checkpoint import TrainedScene, empty_network, load_trained

RESOLUTIONS = ((424, 240), (640, 360), (852, 480), (1280, 720), (1920, 1080))
"""Widths and heights, px; multiples of four, as scenes have them."""

COMPONENTS = (4, 8, 16, 32)

_ROUNDS = 7


def measure_sizes(task: Task) -> tuple[Growth, ...]:
    """Measure how time grows with the resolution, of graph and flow, and with K.

    Args:
        task: What is to be measured. What depends on the size in the trained scene is stretched,
            for timing alone.

    Raises:
        BadModel: The folder holds no trained scene.
    """
    assert task.trained is not None  # noqa: S101 - else there is no scene to stretch
    scene, threads = load_trained(task.trained), task.settings.threads
    task.on_progress("growth with the resolution: building graphs")
    graphs: dict[int, Work] = {}
    flows: dict[int, Work] = {}
    for width, height in RESOLUTIONS:
        resized = stretch(scene, width, height, scene.design.components)
        graphs[width * height] = _graph(resized, threads)
        flows[width * height] = _flow(resized.card)
    task.on_progress("growth with K: building graphs")
    card = scene.card
    mixtures = {
        count: _graph(
            stretch(scene, card.width, card.height, dict.fromkeys(scene.design.components, count)),
            threads,
        )
        for count in COMPONENTS
    }
    task.on_progress("growth with resolution and K")
    return (
        grow("pixels", graphs, limit=LINEAR, of="the graph", rounds=_ROUNDS),
        grow("pixels", flows, limit=LINEAR, of="flow and pooling", rounds=_ROUNDS),
        grow("components K", mixtures, limit=LINEAR, of="the graph", rounds=_ROUNDS),
    )


def stretch(
    scene: TrainedScene, width: int, height: int, components: dict[str, int]
) -> TrainedScene:
    """Make a scene of another size: its scores mean nothing, its cost is right.

    Args:
        scene: The trained scene.
        width: Columns of the frame.
        height: Rows.
        components: K of the mixtures, by the energy's name.
    """
    grid = scene.card.grid
    rows, columns = ((side - grid.patch) // grid.stride + 1 for side in (height, width))
    card = msgspec.structs.replace(
        scene.card,
        height=height,
        width=width,
        grid=Grid(rows, columns, grid.patch, grid.stride),
    )
    design = msgspec.structs.replace(scene.design, components=components)
    network = empty_network(design, card)
    wanted = network.state_dict()
    network.load_state_dict(
        {
            name: _stretched(value, wanted[name].shape)
            for name, value in scene.network.state_dict().items()
        }
    )
    return replace(
        scene,
        card=card,
        design=design,
        network=network.eval(),
        sample_frames=torch.zeros(2, height, width, 3, dtype=torch.uint8),
        sample_motion=torch.zeros(2, *card.motion_shape),
    )


def _stretched(value: Tensor, shape: torch.Size) -> Tensor:
    """Repeat or leave out elements along every dimension until the shape fits."""
    for dimension, size in enumerate(shape):
        old = value.shape[dimension]
        if old != size:
            index = torch.arange(size) * old // size
            value = value.index_select(dimension, index)
    return value


def _graph(scene: TrainedScene, threads: int) -> Work:
    model, outputs = build_graph(scene), scene.card.outputs
    content = needed_graph(model.SerializeToString(), outputs)
    session = open_session(PROVIDERS["onnxruntime"], content, threads)
    inputs = ModelInput(scene.sample_frames[:1].numpy(), scene.sample_motion[:1].numpy())
    return lambda: session.run(outputs, inputs._asdict())


def _flow(card: SceneCard) -> Work:
    extractor = MotionExtractor(card.height, card.width, card.motion)
    random = np.random.default_rng(0)
    coarse = random.integers(0, 255, (card.height // 8, card.width // 8, 3)).astype(np.uint8)
    picture = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    full = np.zeros((card.height, card.width, 3), np.uint8)
    full[: picture.shape[0], : picture.shape[1]] = picture
    pictures = full, np.roll(full, 2, axis=1)
    turn = 0

    def work() -> None:
        nonlocal turn
        turn += 1
        extractor.push(pictures[turn % 2])

    work()
    return work
