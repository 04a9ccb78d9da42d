"""A scene model and the baseline, measured on the same frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge_vad.backends import Backend, ModelInput, load_backend
from edge_vad.errors import BadInput, BadModel
from edge_vad.motion.extractor import MotionExtractor, MotionSettings
from edge_vad.scene_model import Calibration, SceneModel
from edge_vad.scoring.detector import load
from edge_vad.scoring.metrics import roc_area
from edge_vad_train.datasets import Dataset
from edge_vad_train.evaluation.baseline import MOTION, NAMES, box_flow, flow_energy
from edge_vad_train.evaluation.evaluate import evaluate
from edge_vad_train.evaluation.metrics.meter import Method
from edge_vad_train.evaluation.plots import roc_plot, timeline_plot
from edge_vad_train.evaluation.results import Evaluation
from edge_vad_train.evaluation.stream_backend import load_with_streams
from edge_vad_train.evaluation.truth import gather_truth

TinyScene = Callable[..., Path]
SHARED = MotionSettings()
"""The scene's motion is the baseline's own."""


def evaluated(scene: Path | list[Path], dataset: Dataset, **asked: bool) -> Evaluation:
    scenes = [
        (model, load_with_streams(model, "onnxruntime", threads=1))
        for model in map(SceneModel.read, scene if isinstance(scene, list) else [scene])
    ]
    return evaluate(scenes, gather_truth(dataset, masks=any(asked.values())), **asked)


def every_method(evaluation: Evaluation) -> Iterator[Method]:
    for scene in evaluation.scenes:
        yield from scene.methods
    yield from evaluation.baselines


@pytest.fixture
def evaluation(tiny_scene: TinyScene, dataset: Dataset) -> Evaluation:
    return evaluated(tiny_scene(), dataset, pixel=True, regions=True)


def test_the_scores_are_those_that_the_detector_gives(
    tiny_scene: TinyScene, dataset: Dataset
) -> None:
    scene = tiny_scene()
    with load(scene, threads=1) as detector:
        for clip, scores in zip(
            dataset.test, evaluated(scene, dataset).fused[0].scores, strict=False
        ):
            watched = [detection.score for detection in detector.watch(clip.open(strict=True))]
            assert scores == tuple(watched)


@pytest.mark.parametrize("motion", [SHARED, MotionSettings(window=3)])
def test_the_baselines_scores_do_not_depend_on_the_scenes_motion(
    tiny_scene: TinyScene, dataset: Dataset, motion: MotionSettings
) -> None:
    extractor = MotionExtractor(48, 64, MOTION)
    motions = [extractor.push(f.image).copy() for f in dataset.test[0].open(strict=True)]
    evaluation = evaluated(tiny_scene(motion=motion), dataset)
    for baseline, made in zip(evaluation.baselines, (box_flow, flow_energy), strict=True):
        assert baseline.scores[0] == tuple(float(made(each).max()) for each in motions)


def test_every_frame_of_every_labelled_clip_is_scored(evaluation: Evaluation) -> None:
    assert [clip.name for clip in evaluation.clips] == ["slide", "large"]
    assert evaluation.left_out == ("unknown",)
    for method in every_method(evaluation):
        assert [len(scores) for scores in method.scores] == [24, 24]


def test_a_clip_that_is_faster_than_the_scene_is_measured_by_the_frames_that_are_scored(
    tiny_scene: TinyScene, dataset: Dataset
) -> None:
    usual, fast = dataset.test[0], replace(dataset.test[0], name="fast", fps=30.0)
    fast = replace(fast, images=fast.images.repeat(3, 0), truth=fast.truth.repeat(3, 0))
    evaluation = evaluated(tiny_scene(), Dataset("fast", (), (usual, fast)), pixel=True)
    assert evaluation.clips[1].frames == evaluation.clips[0].frames == 24
    assert evaluation.clips[1].anomalous == evaluation.clips[0].anomalous
    for method in every_method(evaluation):
        assert method.scores[1] == method.scores[0]
        assert len(method.pooled_scores) == len(evaluation.labels)
    assert roc_plot(evaluation)
    assert timeline_plot(evaluation)


def test_the_first_frame_of_each_clip_is_scored_without_motion(evaluation: Evaluation) -> None:
    for method in every_method(evaluation):
        assert [scores[0] for scores in method.scores] == [0.0, 0.0]


def test_the_numbers_follow_from_the_scores_and_spans_that_are_told(
    evaluation: Evaluation,
) -> None:
    assert evaluation.clips[0].anomalous == ((10, 18),)
    assert evaluation.labels.sum() == 16
    for method in every_method(evaluation):
        expected = roc_area(evaluation.labels, method.pooled_scores)
        assert method.frame_level.micro_auc == expected > 0.8


def test_only_clips_with_masks_count_where_anomalies_are_located(evaluation: Evaluation) -> None:
    assert [clip.has_masks for clip in evaluation.clips] == [True, False]
    for method in every_method(evaluation):
        assert method.pixel_level is not None
        assert method.region_level is not None
        assert (method.pixel_level.frames, method.pixel_level.anomalous) == (24, 8)
        assert (method.region_level.frames, method.region_level.tracks) == (24, 1)
        assert method.pixel_level.auc > 0.8
        assert method.region_level.tbdc > 0.5


def test_masks_may_have_the_size_of_larger_frames(tiny_scene: TinyScene, dataset: Dataset) -> None:
    large = replace(dataset.test[1], has_masks=True)
    evaluation = evaluated(tiny_scene(), Dataset("large", (), (large,)), pixel=True)
    assert evaluation.fused[0].pixel_level is not None
    assert evaluation.fused[0].pixel_level.auc > 0.8


def test_what_was_not_asked_for_is_absent(tiny_scene: TinyScene, dataset: Dataset) -> None:
    evaluation = evaluated(tiny_scene(), dataset)
    for method in every_method(evaluation):
        assert method.pixel_level is None
        assert method.region_level is None
    assert not any("RBDC" in sentence or "pixel" in sentence for sentence in evaluation.protocol)


def test_the_protocol_says_what_the_numbers_mean(evaluation: Evaluation) -> None:
    text = " ".join(evaluation.protocol)
    for word in (
        "raw and causal",
        "No frame is left out",
        "has no motion and scores 0",
        "until 3 flow fields",
        "all frames of all clips pooled",
        "both normal and anomalous",
        "nothing is dilated",
        "40%",
        "10% intersection over union",
    ):
        assert word in text


def test_the_record_survives_json(evaluation: Evaluation) -> None:
    assert msgspec.json.decode(evaluation.encode(), type=Evaluation) == evaluation


def test_every_frame_is_told_to_the_progress_bar(tiny_scene: TinyScene, dataset: Dataset) -> None:
    model, told = SceneModel.read(tiny_scene()), []
    truth = gather_truth(dataset)
    evaluate([(model, load_backend(model))], truth, on_frame=lambda: told.append(1))
    assert len(told) == truth.frames


def test_labels_that_do_not_belong_to_the_clip_are_refused(
    tiny_scene: TinyScene, dataset: Dataset
) -> None:
    cut = replace(dataset.test[0], images=dataset.test[0].images[:-1])
    with pytest.raises(BadInput, match="slide has 23 frames and labels for 24"):
        evaluated(tiny_scene(), Dataset("cut", (), (cut,)))


class Overflowing(Backend):
    name, device = "broken", "cpu"

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def infer(self, inputs: ModelInput) -> object:
        maps = self._backend.infer(inputs)
        return maps._replace(score=np.full_like(maps.score, np.inf))


def test_an_infinite_score_is_refused(tiny_scene: TinyScene, dataset: Dataset) -> None:
    model = SceneModel.read(tiny_scene())
    with pytest.raises(BadModel, match="no number for frame 1"):
        evaluate([(model, Overflowing(load_backend(model)))], gather_truth(dataset))


Energetic = Callable[..., Path]


def test_single_streams_are_rows_of_the_same_table(
    tiny_scene: TinyScene, energetic: Energetic, dataset: Dataset
) -> None:
    calibration = Calibration(locations=(3.0,), scales=(2.0,), weight=0.0)
    energies = dict.fromkeys(("appearance", "motion"), calibration)
    evaluation = evaluated(energetic(tiny_scene(energies=energies)), dataset, pixel=True)
    names = [row.name for row in evaluation.rows]
    assert names == ["scene.onnx", "appearance alone", "motion alone", *NAMES]
    fused, appearance, motion = evaluation.scenes[0].methods
    # (2 map + 3 - 3) / 2 is the fused map itself, and a first frame scores 0 either way.
    np.testing.assert_allclose(motion.scores, fused.scores, atol=1e-5)
    assert motion.pixel_level.auc == pytest.approx(fused.pixel_level.auc)
    # -(2 map + 3): -3 for a still scene's least moving cell, which calibrates to -3.
    assert appearance.scores[0][0] == 0
    assert appearance.scores[0][1:] == pytest.approx((-3.0,) * 23, abs=0.1)


def test_several_scenes_give_their_mean_and_the_worst(
    tiny_scene: TinyScene, energetic: Energetic, dataset: Dataset
) -> None:
    good = energetic(tiny_scene("good.onnx"))
    bad = energetic(tiny_scene("bad.onnx"), -1.0)
    together = evaluated([good, bad], dataset, pixel=True)
    alone = [evaluated(scene, dataset, pixel=True) for scene in (good, bad)]
    assert [scene.scene for scene in together.scenes] == ["good.onnx", "bad.onnx"]
    for both, single in zip(together.fused, alone, strict=True):
        assert both.scores == single.fused[0].scores
    row, rows = together.rows[0], [each.rows[0] for each in alone]
    assert row.scenes == 2
    assert row.micro_auc.mean == np.mean([each.micro_auc.mean for each in rows])
    assert row.micro_auc.worst == rows[1].micro_auc.mean < rows[0].micro_auc.mean
    assert row.eer.worst == rows[1].eer.mean > rows[0].eer.mean
    assert row.pixel_auc.worst == min(each.pixel_auc.mean for each in rows)
    low, high = row.micro_auc.interval
    assert low <= row.micro_auc.mean <= high
    assert row.pixel_auc.interval is None  # of one clip with masks
    assert "over 2 scenes" in " ".join(together.protocol)


def test_kinds_have_their_own_figures(tiny_scene: TinyScene, dataset: Dataset) -> None:
    row = evaluated(tiny_scene(), dataset).rows[0]
    assert list(row.kinds) == ["sliding"]
    clip_auc = evaluated(tiny_scene(), dataset).fused[0].frame_level.clip_aucs[0]
    assert row.kinds["sliding"].mean == pytest.approx(clip_auc)


def test_flow_is_computed_once_where_scenes_prepare_frames_alike(
    tiny_scene: TinyScene, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []
    measure = MotionExtractor.measure
    monkeypatch.setattr(
        MotionExtractor, "measure", lambda *each: (measured.append(1), measure(*each))[1]
    )
    frames = gather_truth(dataset).frames
    scenes = [tiny_scene(f"{n}.onnx", motion=MOTION) for n in range(3)]
    evaluated(scenes, dataset)
    assert len(measured) == 2 * frames  # and once for the baselines
    measured.clear()
    other = tiny_scene("other.onnx", motion=MotionSettings(window=3))
    evaluated([*scenes, other], dataset)
    assert len(measured) == 3 * frames


def test_scenes_with_other_motion_score_as_they_do_alone(
    tiny_scene: TinyScene, dataset: Dataset
) -> None:
    scenes = [tiny_scene("a.onnx"), tiny_scene("b.onnx", motion=MotionSettings(window=7))]
    together = evaluated(scenes, dataset)
    for scene, method in zip(scenes, together.fused, strict=True):
        assert method.scores == evaluated(scene, dataset).fused[0].scores
