from __future__ import annotations

import numpy as np
import pytest

from edge_vad.backends import Backend, ModelOutput
from edge_vad.detection import NO_MOTION, Box
from edge_vad.errors import BadInput, BadModel, WrongUse
from edge_vad.frame import Frame
from edge_vad.scene_file import append_digest
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import Detector, load
from edge_vad.sources import open_source


class Saying(Backend):
    """A backend that says what it is told to."""

    name, device = "saying", "nowhere"

    def __init__(self, anomaly_map, score=None):
        self.map = np.asarray(anomaly_map, np.float32)
        self.score = np.float32(self.map.max() if score is None else score)

    def infer(self, inputs):
        return ModelOutput(self.map[None], self.score[None])


def detect(tiny_scene, anomaly_map, *, score=None, size=(64, 48), threshold="1/hour"):
    detector = Detector(SceneModel.read(tiny_scene()), Saying(anomaly_map, score), threshold)
    return [detector.detect(blank(size, index)) for index in (2, 3)][-1]


def blank(size, index):
    width, height = size
    return Frame(np.full((height, width, 3), index, np.uint8), index, index / 10)


def cells(*hot, value=5.0):
    anomaly_map = np.zeros((5, 7), np.float32)
    for cell in hot:
        anomaly_map[cell] = value
    return anomaly_map


def test_the_threshold_follows_from_the_false_alarms_one_accepts(tiny_scene):
    assert detect(tiny_scene, cells(), threshold="1/hour").threshold == pytest.approx(2.0)
    assert detect(tiny_scene, cells(), threshold="6/minute").threshold < 1.0


def test_nothing_is_said_of_a_first_frame_as_it_has_no_motion(tiny_scene):
    detector = Detector(SceneModel.read(tiny_scene()), Saying(cells((2, 3))))
    found = [detector.detect(blank((64, 48), index)) for index in range(2)]
    detector.reset()
    found.append(detector.detect(blank((64, 48), 2)))
    assert [each.score for each in found] == [0.0, 5.0, 0.0]
    assert [each.box is None for each in found] == [True, False, True]


def test_the_graph_is_not_asked_where_nothing_can_be_said(tiny_scene):
    backend = Saying(cells((2, 3)), score=np.nan)
    detector = Detector(SceneModel.read(tiny_scene()), backend)
    for index in (0, 0, 0):  # the first picture, and the same again
        assert detector.detect(blank((64, 48), index)).unjudged == NO_MOTION
    with pytest.raises(BadModel):
        detector.detect(blank((64, 48), 1))


def test_a_hole_empties_the_motion_window_and_a_missing_frame_does_not(tiny_scene):
    detector = Detector(SceneModel.read(tiny_scene()), Saying(cells((2, 3))))
    source = [blank((64, 48), index) for index in (7, 8, 10, 30, 31)]
    assert [each.score for each in detector.watch(source)] == [0.0, 5.0, 5.0, 0.0, 5.0]


def test_a_normal_frame_has_no_box(tiny_scene):
    found = detect(tiny_scene, cells((2, 3), value=1.9))
    assert not found.anomalous
    assert found.box is None


def test_the_box_surrounds_the_centre_of_a_single_cell(tiny_scene):
    found = detect(tiny_scene, cells((2, 3)))
    assert found.anomalous
    assert found.box == Box(3 * 8 + 4, 2 * 8 + 4, 8, 8)


def test_the_box_spans_the_cells_that_touch_the_highest_one_and_no_others(tiny_scene):
    anomaly_map = cells((1, 1), (1, 2), (4, 6))
    anomaly_map[1, 2] = 9.0
    assert detect(tiny_scene, anomaly_map).box == Box(12, 12, 16, 8)


def test_the_box_is_in_the_sources_own_pixels(tiny_scene):
    assert detect(tiny_scene, cells((2, 3)), size=(128, 96)).box == Box(56, 40, 16, 16)


def test_a_score_above_every_cell_still_has_a_box(tiny_scene):
    assert detect(tiny_scene, cells((0, 0), value=1.0), score=3.0).box == Box(4, 4, 8, 8)


def test_frames_of_another_shape_are_refused(tiny_scene):
    with pytest.raises(BadInput, match="80x48"):
        detect(tiny_scene, cells(), size=(80, 48))


def test_a_score_that_is_no_number_is_refused_instead_of_normal(tiny_scene):
    with pytest.raises(BadModel, match="frame 3"):
        detect(tiny_scene, cells(), score=np.nan)


def test_only_the_frames_that_move_are_anomalous(tiny_scene, clip):
    with load(tiny_scene(), threads=1) as detector:
        found = [each.frame.index for each in detector.watch(open_source(clip)) if each.anomalous]
    assert set(range(16, 25)) <= set(found) <= set(range(15, 29))


def test_watching_again_begins_anew(tiny_scene, clip):
    with load(tiny_scene(), threads=1) as detector, open_source(f"{clip}:10-30") as source:
        first = [each.score for each in detector.watch(source)]
        assert [each.score for each in detector.watch(source)] == first


def test_an_unknown_backend_is_refused(tiny_scene):
    with pytest.raises(WrongUse, match="onnxruntime"):
        load(tiny_scene(), backend="abacus")


def test_a_graph_that_contradicts_its_metadata_is_refused(make, tmp_path):
    text = make.card(height=64).encode()
    with pytest.raises(BadModel, match="does not fit"):
        load(make.scene(tmp_path / "scene.onnx", make.card(), text))


def test_a_graph_that_onnx_runtime_cannot_load_is_refused(tiny_scene):
    path = tiny_scene()
    path.write_bytes(append_digest(path.read_bytes().replace(b"strides", b"stridez")))
    with pytest.raises(BadModel, match="cannot load"):
        load(path)


def test_it_tells_the_stages_of_a_frame_in_their_order(tiny_scene, clip):
    told = []
    with load(tiny_scene()) as detector, open_source(clip) as source:
        detector.on_stage(told.append)
        first, second, *_ = source
        detector.detect(first)
        assert told == ["resize", "flow", "pooling"]
        told.clear()
        detector.detect(second)
    assert told == ["resize", "flow", "pooling", "compute", "decision"]
