"""A scene is watched with the flow that it was trained with, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from edge_vad.errors import Unavailable, WrongUse
from edge_vad.flow_units import is_of_a_unit, open_unit
from edge_vad.motion.extractor import FlowExtractor, MotionSettings
from edge_vad.opencv import cv2

NVOF = "NVOF of compute capability 8.9"


def pair(make, height: int = 48, width: int = 64):
    still = cv2.cvtColor(make.texture(height=height, width=width), cv2.COLOR_BGR2GRAY)
    return still, np.roll(still, (1, -2), axis=(0, 1))


def measured(settings: MotionSettings, frames) -> np.ndarray:
    extractor = FlowExtractor(48, 64, settings)
    flow = np.zeros(extractor.shape, np.float32)
    assert extractor.measure(*frames, flow)
    return flow


def test_a_scene_that_names_a_unit_is_measured_by_it(driver, make) -> None:
    frames = pair(make)
    flow = measured(MotionSettings(code=NVOF), frames)
    vectors = open_unit("nvof", 48, 64).calc(*frames, None)
    blocks = vectors.reshape(24, 2, 32, 2, 2).mean((1, 3))
    np.testing.assert_allclose(flow, blocks.transpose(2, 0, 1), atol=1e-5)
    assert driver.executed > 0


def test_a_scene_that_names_no_unit_is_measured_by_dis_even_where_there_is_one(
    driver, with_vpi, make
) -> None:
    with_vpi()
    frames = pair(make)
    np.testing.assert_array_equal(
        measured(MotionSettings(), frames), measured(MotionSettings(), frames)
    )
    assert driver.executed == driver.open == 0


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("NVOF of compute capability 7.5", "here is NVOF of compute capability 8.9"),
        ("NVOF", "here is NVOF of compute capability 8.9"),
        ("VPI 3 of compute capability 8.7", "the package vpi cannot be loaded"),
    ],
)
def test_another_unit_is_refused(driver, code, words) -> None:
    with pytest.raises(Unavailable, match=words) as caught:
        FlowExtractor(48, 64, MotionSettings(code=code))
    assert code in caught.value.what
    assert "train the scene again" in caught.value.todo
    assert driver.open == 0


def test_a_run_where_the_unit_is_not_ends_before_it_begins(
    edge_vad, tiny_scene, clip, tmp_path
) -> None:
    scene = tiny_scene(motion=MotionSettings(window=3, code=NVOF))
    answer = edge_vad("run", scene, clip, "--out", tmp_path / "out")
    assert answer.code == 4
    assert "libnvidia-opticalflow" in answer.err


def test_a_recording_is_scored_alike_by_one_thread_and_by_several(
    driver, edge_vad, tiny_scene, clip, tmp_path
) -> None:
    scene = tiny_scene(motion=MotionSettings(window=3, code=NVOF))
    scores = []
    for threads in (1, 3):
        out = tmp_path / str(threads)
        answer = edge_vad("score", scene, clip, "--out", out, "--threads", threads)
        assert answer.code == 0, answer.err
        scores.append(next(out.rglob("scores.jsonl")).read_text())
    assert scores[0] == scores[1]
    assert driver.executed > 4


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(WrongUse, match="nvof, vpi"):
        open_unit("dis", 48, 64)
    assert not is_of_a_unit("NVOFX 1")
