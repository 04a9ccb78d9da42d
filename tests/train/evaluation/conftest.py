"""Test clips that are made of arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad.frame import Frame
from edge_vad.opencv import cv2
from edge_vad.sources import Source
from edge_vad_train.datasets import Clip, Dataset

FRAMES, MOVING = 24, slice(10, 18)


class ArraySource(Source):
    fps = 10.0

    def __init__(self, images: NDArray[np.uint8]) -> None:
        self.name, self.length, self._images = "arrays", len(images), images

    def __iter__(self) -> Iterator[Frame]:
        return (Frame(image, index, index / 10) for index, image in enumerate(self._images))


@dataclass(frozen=True, kw_only=True)
class ArrayClip(Clip):
    images: NDArray[np.uint8]
    truth: NDArray[np.bool_] | None = None
    has_masks: bool = True

    def open(self, *, strict: bool = False) -> Source:
        assert strict, "a frame that is left out would shift the labels"
        return ArraySource(self.images)

    def frame_labels(self) -> NDArray[np.bool_] | None:
        return None if self.truth is None else self.truth.any(axis=(1, 2))

    def masks(self) -> Iterator[NDArray[np.bool_]] | None:
        return None if self.truth is None or not self.has_masks else iter(self.truth)


def moving_patch(scale: int = 1, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A still picture, 64x48, whose middle slides while it is anomalous; and its masks."""
    noise = np.random.default_rng(seed).random((2, 48, 64, 3)).astype(np.float32)
    pictures = [cv2.GaussianBlur(each, (0, 0), 2.0) for each in noise]
    still, sliding = (np.asarray(cv2.normalize(p, None, 0, 255, 32, 0), np.uint8) for p in pictures)
    images, masks = np.repeat(still[None], FRAMES, 0), np.zeros((FRAMES, 48, 64), np.bool_)
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
