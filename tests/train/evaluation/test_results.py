"""What an evaluation says, told in other ways."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread
from rich.console import Console

from edge_vad_train.evaluation.frame_level import ClipScores, measure_frames
from edge_vad_train.evaluation.pictures import roc_picture, timeline_picture
from edge_vad_train.evaluation.pixel_level import PixelLevel
from edge_vad_train.evaluation.region_level import RegionLevel
from edge_vad_train.evaluation.results import EvaluatedClip, Evaluation, Method, spans_of
from edge_vad_train.evaluation.table import percent, print_evaluation


def made_up(clips: int, *, located: bool = False) -> Evaluation:
    dice = np.random.default_rng(0)
    labels = [np.arange(40) >= 20 + index for index in range(clips)]
    labels[-1][:] = True

    def method(name: str, lift: float) -> Method:
        scored = [ClipScores(each, dice.normal(lift * each)) for each in labels]
        return Method(
            name,
            measure_frames(scored),
            PixelLevel(0.912, 0.14, 2.0, 0.378, 40 * clips, 10) if located else None,
            RegionLevel(0.757, 0.96, 10, 2, 40 * clips) if located else None,
            tuple(tuple(each.scores.tolist()) for each in scored),
        )

    return Evaluation(
        scene="street.onnx",
        backend="onnxruntime",
        device="cpu",
        dataset="street [1]",
        clips=tuple(
            EvaluatedClip(f"clip_{n}", "cyclist" if n else None, 40, spans_of(each), located)
            for n, each in enumerate(labels)
        ),
        left_out=("dark",),
        model=method("street.onnx", 3.0),
        baseline=method("box flow, nothing learned", 1.0),
        protocol=("Scores are raw and causal.",),
    )


def printed(evaluation: Evaluation) -> str:
    text = io.StringIO()
    print_evaluation(evaluation, Console(file=text, width=80))
    return text.getvalue()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=1))
def test_spans_tell_the_labels(labels: list[bool]) -> None:
    clip = EvaluatedClip("clip", None, len(labels), spans_of(np.array(labels)), has_masks=False)
    assert clip.labels.tolist() == labels


def test_the_table_says_which_clips_and_how_many_frames() -> None:
    text = printed(made_up(3))
    assert "street [1]: 3 clips, 120 frames, 79 of them anomalous" in text
    assert "without labels and left out: dark" in text
    assert "clip_2" in text
    assert "cyclist" in text
    assert "raw and causal" in text


def test_the_table_has_a_row_for_the_scene_and_one_for_the_baseline() -> None:
    evaluation = made_up(3)
    text = printed(evaluation)
    for method in evaluation.methods:
        line = next(each for each in text.splitlines() if each.strip().startswith(method.name))
        assert percent(method.frame_level.micro_auc) in line
        assert percent(method.frame_level.eer) in line


def test_no_number_is_cut_in_a_narrow_terminal() -> None:
    text = printed(made_up(3, located=True))
    assert "…" not in text
    for number in ("91.2", "37.8", "75.7", "96.0"):
        assert number in text


@pytest.mark.parametrize("clips", [1, 2, 8])
def test_the_pictures_are_readable_for_any_number_of_clips(clips: int) -> None:
    evaluation = made_up(clips) if clips > 1 else one_clip()
    for picture in (roc_picture(evaluation), timeline_picture(evaluation)):
        pixels = imread(io.BytesIO(picture))
        assert min(pixels.shape[:2]) >= 300
        assert pixels[..., :3].std() > 0.05


def one_clip() -> Evaluation:
    labels = np.arange(40) >= 20
    scores = labels + np.random.default_rng(0).random(40)
    method = Method(
        "scene", measure_frames([ClipScores(labels, scores)]), None, None, (tuple(scores.tolist()),)
    )
    clip = EvaluatedClip("only", None, 40, spans_of(labels), has_masks=False)
    return Evaluation("a.onnx", "b", "cpu", "d", (clip,), (), method, method, ())


def test_the_timeline_shades_the_anomalous_frames_alone() -> None:
    pixels = imread(io.BytesIO(timeline_picture(one_clip())))
    shaded = (pixels[..., 0] - pixels[..., 1] > 0.05) & (pixels[..., 0] > 0.9)
    columns = np.flatnonzero(shaded.any(axis=0))
    middle = pixels.shape[1] / 2
    assert columns.min() == pytest.approx(middle, rel=0.1)
    assert columns.max() > 0.95 * pixels.shape[1]
