"""Recordings and cameras on a scene whose graph measures motion itself."""

from __future__ import annotations

import numpy as np
import pytest

from edge_vad.backends import load_backend
from edge_vad.detection import NO_MOTION
from edge_vad.frame import Frame
from edge_vad.motion.extractor import FlowExtractor
from edge_vad.motion.state import MotionInside
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import load
from edge_vad.scoring.preparation import FramePreparer
from edge_vad.scoring.scorer import Scorer
from edge_vad.sources import open_source


@pytest.fixture
def scene(tiny_scene):
    return tiny_scene("inside.onnx", motion_inside=MotionInside(long_steps=False))


@pytest.fixture(autouse=True)
def no_flow(monkeypatch):
    """The runtime measures no flow for such a scene."""

    def measured(*arguments, **others):
        raise AssertionError("flow was measured outside of the graph")

    monkeypatch.setattr(FlowExtractor, "measure", measured)


def frame(make, index, time_s=None):
    return Frame(make.texture(index), index, index / 10 if time_s is None else time_s)


def test_nothing_is_said_of_a_first_frame_and_the_graph_is_told_of_it_all_the_same(scene, make):
    with load(scene) as detector:
        found = [detector.detect(frame(make, index)) for index in range(3)]
        detector.reset()
        found.append(detector.detect(frame(make, 3)))
    assert [each.unjudged for each in found] == [NO_MOTION, "", "", NO_MOTION]
    assert found[0].score == 0.0
    assert found[1].score > 2.0


def test_the_graph_is_told_the_frame_times_between_frames(scene, make):
    scores = {}
    for steps in (1.0, 2.5):
        with load(scene) as detector:
            detector.detect(frame(make, 0), steps=steps)
            scores[steps] = detector.detect(frame(make, 1), steps=steps).score
    assert scores[2.5] - scores[1.0] == pytest.approx(3.0)


def test_a_recording_is_scored_frame_by_frame_and_no_motion_is_measured_ahead(scene, clip):
    with load(scene) as detector, open_source(str(clip)) as source:
        found = list(detector.watch(source, ahead=4))
    assert [each.unjudged for each in found[:2]] == [NO_MOTION, ""]
    assert len(found) == 40


def test_a_hole_in_time_resets_the_camera(scene, make):
    times_s = (0.0, 0.1, 0.2, 60.0, 60.1)
    frames = [frame(make, index, time_s) for index, time_s in enumerate(times_s)]
    with load(scene) as detector:
        found = [each.unjudged for each in detector.watch(frames)]
    assert found == [NO_MOTION, "", "", NO_MOTION, ""]


def test_a_camera_that_is_slower_than_the_graph_can_measure_is_told_of_once(scene, make, caplog):
    with load(scene) as detector:
        for index in range(4):
            detector.detect(frame(make, index), steps=2.0)
    (said,) = caplog.messages
    assert "frames come 2.0 frame times of the scene apart" in said


def test_frames_that_are_not_judged_are_seen_by_the_graph(scene, make):
    with load(scene) as detector:
        preparer = FramePreparer(detector.model.card)
        for index in range(3):
            prepared = preparer.prepare(frame(make, index), 1.0)._replace(unjudged="covered")
            assert detector.decide(prepared).unjudged == "covered"
        aged = detector.decide(preparer.prepare(frame(make, 3), 1.0)).score
    with load(scene) as fresh:
        for index in (2, 3):
            young = fresh.detect(frame(make, index)).score
    assert aged - young == pytest.approx(2.0)


def test_a_batch_of_cameras_scores_as_each_alone(scene, make):
    model = SceneModel.read(scene)
    together, alone = (Scorer(model, load_backend(model)) for _ in range(2))
    preparers = [FramePreparer(model.card) for _ in range(3)]
    others = [FramePreparer(model.card) for _ in range(3)]
    for turn in range(3):
        frames = [frame(make, 10 * camera + turn) for camera in range(3)]
        batch = [each.prepare(one, 1.0) for each, one in zip(preparers, frames, strict=True)]
        found = together.score(batch[::-1])[::-1]
        for camera, score in enumerate(found):
            (expected,) = alone.score([others[camera].prepare(frames[camera], 1.0)])
            assert score.unjudged == expected.unjudged
            np.testing.assert_array_equal(score.anomaly_map, expected.anomaly_map)
