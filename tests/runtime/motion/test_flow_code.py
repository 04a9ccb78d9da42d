"""What measures optical flow, in training and at run time."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from edge_vad.errors import Unavailable
from edge_vad.motion.extractor import FlowExtractor, MotionExtractor, MotionSettings, _optical_flow
from edge_vad.motion.flow_code import EPSILON, FLOW_CODE, code_of
from edge_vad.opencv import cv2


def test_a_scene_names_what_measured_its_flow() -> None:
    settings = MotionSettings()
    assert settings.code == FLOW_CODE == f"DIS of OpenCV {cv2.__version__[0]}"
    assert msgspec.json.decode(msgspec.json.encode(settings), type=MotionSettings) == settings
    assert code_of("4.8.1") == code_of("4.14.0-dev") != code_of("5.0.0")


def test_flow_that_was_learnt_by_other_code_is_refused_with_the_way_out() -> None:
    other = MotionSettings(code=code_of("3.4.1"))
    for extractor in (FlowExtractor, MotionExtractor):
        with pytest.raises(Unavailable, match="DIS of OpenCV 3") as caught:
            extractor(48, 64, other)
        assert "opencv-python-headless==3.*" in caught.value.todo
        assert "train the scene again" in caught.value.todo


def test_a_run_with_such_a_scene_ends_before_it_begins(
    edge_vad, tiny_scene, clip, tmp_path
) -> None:
    scene = tiny_scene(motion=MotionSettings(window=3, code=code_of("3.4.1")))
    answer = edge_vad("run", scene, clip, "--out", tmp_path / "out")
    assert answer.code == 4
    assert "DIS of OpenCV 3" in answer.err


def test_all_versions_of_a_code_have_the_same_epsilon(make) -> None:
    flow = _optical_flow(MotionSettings())
    if hasattr(flow, "getVariationalRefinementEpsilon"):
        assert flow.getVariationalRefinementEpsilon() == pytest.approx(EPSILON)
    still = cv2.cvtColor(make.texture(height=96, width=128), cv2.COLOR_BGR2GRAY)
    field = flow.calc(still, np.roll(still, 2, axis=1), None)
    assert np.median(field[10:-10, 15:-15, 0]) == pytest.approx(2.0, abs=0.2)
