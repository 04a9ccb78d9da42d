"""Motion with the state of cameras as tensors, held to `MotionExtractor`, frame by frame."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch

from edge_vad.motion.dynamic_flow import Pooling
from edge_vad.motion.extractor import MotionExtractor, MotionSettings
from edge_vad.motion.state import state_tensors
from edge_vad_export.motion.network import MotionMeter

SIZE = 48, 64


class Step(NamedTuple):
    """A frame of a camera: which picture, frame times since the last, and whether to reset."""

    picture: int
    elapsed: float = 1.0
    reset: bool = False


STORIES = {
    "cold start": [Step(0, reset=True), *(Step(n) for n in range(1, 8))],
    "reset": [*(Step(n) for n in range(4)), Step(7, reset=True), Step(1), Step(2)],
    "repeated pictures": [Step(n) for n in (0, 1, 1, 1, 2, 2, 3, 4)],
    "dropped frames": [Step(0), Step(1), Step(2, 2.0), Step(3), Step(4, 3.4), Step(5, 0.8)],
    "slow camera": [Step(n, 2.0) for n in range(6)],
    "hung for long": [Step(0), Step(1), Step(1, 9.0), Step(1, 9.0), Step(2), Step(3), Step(4)],
    "hangs at every picture": [
        *(Step(n // 2, 8.5) for n in range(8)),
        *(Step(n // 3, 7.0) for n in range(12)),
    ],
    "repeats after a reset": [Step(0), Step(1), Step(1, reset=True), Step(1), Step(2)],
}


def settings(window: int, pooling: Pooling = Pooling.MEAN_AND_SPEED) -> MotionSettings:
    return MotionSettings(window=window, pooling=pooling, downscale=4)


class Meter:
    """The module with the state of some cameras, each by its number."""

    def __init__(self, motion: MotionSettings, cameras: int = 1) -> None:
        self._meter = MotionMeter(*SIZE, motion)
        self._state = {
            each.name: torch.from_numpy(np.zeros((cameras, *each.shape), each.dtype))
            for each in state_tensors(*SIZE, motion)
        }

    def push(self, pictures, steps, cameras=(0,)):
        """The motion of cameras, and whether it is known, in the order in which they are given."""
        rows = list(cameras)
        with torch.inference_mode():
            motion, known, _, *state = self._meter(
                torch.from_numpy(np.stack(pictures)),
                torch.tensor([step.elapsed for step in steps]),
                torch.tensor([step.reset for step in steps]),
                *(held[rows] for held in self._state.values()),
            )
        for held, now in zip(self._state.values(), state, strict=True):
            held[rows] = now
        return motion.numpy(), known.numpy()


def pictures(make, seed=0):
    """Pictures whose middle moves over what stands still."""
    still, moving = make.texture(seed, *SIZE), make.texture(seed + 100, *SIZE)
    made = []
    for number in range(9):
        picture = still.copy()
        picture[12:36, 8 + 3 * number : 28 + 3 * number] = moving[12:36, 8:28]
        made.append(picture)
    return made


def assert_same(given, extractor, picture, step, known):
    if step.reset:
        extractor.reset()
    expected = extractor.push(picture, step.elapsed)
    assert known == extractor.known
    # A 256th of a px is what one field is rounded to; flow is not the same to the last digit.
    np.testing.assert_allclose(given, expected, atol=0.02)


@pytest.mark.parametrize("name", STORIES)
def test_the_motion_of_a_camera_is_that_of_the_runtime(make, name):
    motion, shown = settings(5), pictures(make)
    meter, extractor = Meter(motion), MotionExtractor(*SIZE, motion)
    for step in STORIES[name]:
        (given,), (known,) = meter.push([shown[step.picture]], [step])
        assert_same(given, extractor, shown[step.picture], step, known)


@pytest.mark.parametrize("window", range(1, 9))
def test_every_length_of_the_window_is_that_of_the_runtime(make, window):
    motion, shown = settings(window), pictures(make)
    meter, extractor = Meter(motion), MotionExtractor(*SIZE, motion)
    for step in (*STORIES["repeated pictures"], *STORIES["dropped frames"]):
        (given,), (known,) = meter.push([shown[step.picture]], [step])
        assert_same(given, extractor, shown[step.picture], step, known)


@pytest.mark.parametrize("pooling", Pooling)
def test_every_way_of_pooling_is_that_of_the_runtime(make, pooling):
    motion, shown = settings(4, pooling), pictures(make)
    meter, extractor = Meter(motion), MotionExtractor(*SIZE, motion)
    for step in (*STORIES["dropped frames"], *STORIES["hung for long"]):
        (given,), (known,) = meter.push([shown[step.picture]], [step])
        assert_same(given, extractor, shown[step.picture], step, known)


def test_state_belongs_to_a_camera_wherever_it_stands_in_the_batch(make):
    motion, cameras = settings(5), 3
    shown = [pictures(make, seed) for seed in range(cameras)]
    stories = [STORIES[name] for name in ("cold start", "repeated pictures", "dropped frames")]
    meter = Meter(motion, cameras)
    extractors = [MotionExtractor(*SIZE, motion) for _ in range(cameras)]
    orders = [(0, 1, 2), (2, 0, 1), (1, 0), (2, 1, 0), (0,), (1, 2)]
    turns = [0] * cameras
    for order in orders:
        steps = [stories[camera][turns[camera]] for camera in order]
        looks = [shown[c][step.picture] for c, step in zip(order, steps, strict=True)]
        motions, known = meter.push(looks, steps, order)
        for place, (camera, step) in enumerate(zip(order, steps, strict=True)):
            turns[camera] += 1
            assert_same(motions[place], extractors[camera], looks[place], step, known[place])


def test_without_long_steps_flow_is_measured_with_the_usual_patches_alone(make):
    motion, shown = settings(3), pictures(make)
    meter = MotionMeter(*SIZE, motion, long_steps=False)
    assert sum(each.numel() for each in meter.buffers()) < sum(
        each.numel() for each in MotionMeter(*SIZE, motion).buffers()
    )
    extractor = MotionExtractor(*SIZE, motion)
    extractor.push(shown[0])
    expected = extractor.push(shown[1]) / 2
    state = [
        torch.from_numpy(np.zeros((1, *s.shape), s.dtype)) for s in state_tensors(*SIZE, motion)
    ]
    for number, elapsed in ((0, 1.0), (1, 2.0)):
        given, _, _, *state = meter(
            torch.from_numpy(shown[number])[None],
            torch.tensor([elapsed]),
            torch.tensor([False]),
            *state,
        )
    np.testing.assert_allclose(given[0].numpy(), expected, atol=0.02)
