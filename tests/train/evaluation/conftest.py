"""Test clips that are made of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge_vad.frame import Frame
from edge_vad.opencv import cv2
from edge_vad.scene_file import append_digest
from edge_vad.sources import Source
from edge_vad_train.datasets import Clip, Dataset

FRAMES, MOVING = 24, slice(10, 18)


class ArraySource(Source):
    def __init__(self, images: NDArray[np.uint8], fps: float) -> None:
        self.name, self.length, self.fps, self._images = "arrays", len(images), fps, images

    def __iter__(self) -> Iterator[Frame]:
        return (Frame(image, index, index / self.fps) for index, image in enumerate(self._images))


@dataclass(frozen=True, kw_only=True)
class ArrayClip(Clip):
    images: NDArray[np.uint8]
    truth: NDArray[np.bool_] | None = None
    has_masks: bool = True
    fps: float = 10.0

    def open(self, *, strict: bool = False) -> Source:
        assert strict, "a frame that is left out would shift the labels"
        return ArraySource(self.images, self.fps)

    def frame_labels(self) -> NDArray[np.bool_] | None:
        return None if self.truth is None else self.truth.any(axis=(1, 2))

    def masks(self) -> Iterator[NDArray[np.bool_]] | None:
        return None if self.truth is None or not self.has_masks else iter(self.truth)


def moving_patch(scale: int = 1, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A still scene, 64x48, whose middle slides while it is anomalous; and its masks.

    No camera gives the same picture twice: one pixel differs from frame to frame.
    """
    noise = np.random.default_rng(seed).random((2, 48, 64, 3)).astype(np.float32)
    pictures = [cv2.GaussianBlur(each, (0, 0), 2.0) for each in noise]
    still, sliding = (np.asarray(cv2.normalize(p, None, 0, 255, 32, 0), np.uint8) for p in pictures)
    images, masks = np.repeat(still[None], FRAMES, 0), np.zeros((FRAMES, 48, 64), np.bool_)
    images[:, 0, 0] = np.arange(FRAMES)[:, None]
    masks[MOVING, 12:36, 16:48] = True
    for index in range(FRAMES)[MOVING]:
        images[index, 12:36, 16:48] = np.roll(sliding, 3 * index, axis=1)[12:36, 16:48]
    return (each.repeat(scale, axis=1).repeat(scale, axis=2) for each in (images, masks))


@pytest.fixture
def dataset() -> Dataset:
    """One clip of a known kind; one of twice the size without masks; one without labels."""
    images, truth = moving_patch()
    large, large_truth = moving_patch(scale=2, seed=1)
    return Dataset(
        "arrays",
        train=(),
        test=(
            ArrayClip(name="slide", kind="sliding", images=images, truth=truth),
            ArrayClip(name="large", images=large, truth=large_truth, has_masks=False),
            ArrayClip(name="unknown", images=images),
        ),
    )


@pytest.fixture
def energetic() -> Callable[[Path, float], Path]:
    """Adds two single streams to a tiny scene's graph, and multiplies its fused map by a gain.

    The energy of motion is `2 map + 3`; the energy of appearance is the same with its sign turned.
    """

    def change(path: Path, gain: float = 1.0) -> Path:
        model = onnx.load(str(path))
        graph = model.graph
        for node in graph.node:
            node.output[:] = ["plain" if name == "anomaly_map" else name for name in node.output]
        cells = list(graph.output[0].type.tensor_type.shape.dim)
        rows, columns = cells[1].dim_value, cells[2].dim_value
        values = {"gain": gain, "two": 2.0, "three": 3.0}
        for name, value in values.items():
            graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
        nodes = [
            helper.make_node("Mul", ["plain", "gain"], ["anomaly_map"]),
            helper.make_node("Mul", ["plain", "two"], ["doubled"]),
            helper.make_node("Add", ["doubled", "three"], ["motion_energy"]),
            helper.make_node("Neg", ["motion_energy"], ["appearance_energy"]),
        ]
        before = list(graph.node)
        del graph.node[:]
        graph.node.extend([*before[:-1], *nodes, before[-1]])
        for name in ("appearance_energy", "motion_energy"):
            graph.output.append(
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", rows, columns])
            )
        onnx.checker.check_model(model)
        path.write_bytes(append_digest(model.SerializeToString()))
        return path

    return change
