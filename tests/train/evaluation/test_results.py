"""What an evaluation says, told in other ways."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread
from rich.console import Console
from sklearn.metrics import roc_auc_score

from edge_vad.scene_model import Grid
from edge_vad_train.evaluation.metrics.meter import MethodMeter
from edge_vad_train.evaluation.plots import roc_plot, timeline_plot
from edge_vad_train.evaluation.results import (
    EvaluatedClip,
    Evaluation,
    SceneResult,
    spans_of,
)
from edge_vad_train.evaluation.rows import make_row
from edge_vad_train.evaluation.table import percent, print_evaluation

GRID = Grid(2, 3, 28, 16)


def made_up(clips: int, *, located: bool = False, scenes: int = 1) -> Evaluation:
    dice = np.random.default_rng(0)
    labels = [np.arange(40) >= 20 + index for index in range(clips)]
    labels[-1][:] = True

    def meter(name: str, lift: float) -> MethodMeter:
        made = MethodMeter(name, GRID, (48, 64), pixel=located, regions=located)
        for each in labels:
            made.start_clip()
            for is_anomalous in each:
                values = dice.random((2, 3)).astype(np.float32) + lift * is_anomalous
                mask = np.full((8, 8), is_anomalous) if located else None
                made.add(float(values.max()), values, mask)
            made.end_clip(each)
        return made

    kinds = ["cyclist" if n else None for n in range(clips)]
    fused = [meter(f"street{seed}.onnx", 0.4 + 0.2 * seed) for seed in range(scenes)]
    baseline = meter("box flow, nothing learned", 0.3)
    return Evaluation(
        dataset="street [1]",
        clips=tuple(
            EvaluatedClip(f"clip_{n}", kinds[n], 40, spans_of(each), located)
            for n, each in enumerate(labels)
        ),
        left_out=("dark",),
        scenes=tuple(SceneResult(each.name, "onnx", "cpu", (each.method,)) for each in fused),
        baselines=(baseline.method,),
        rows=(
            make_row("street.onnx", fused, kinds, gmac=0.128),
            make_row(baseline.name, [baseline], kinds, gmac=0.0),
        ),
        protocol=("Scores are raw and causal.",),
    )


def printed(evaluation: Evaluation) -> str:
    text = io.StringIO()
    print_evaluation(evaluation, Console(file=text, width=80))
    return text.getvalue()


@settings(max_examples=50)
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


def test_every_clip_has_its_auc_the_mean_over_scenes_and_the_baselines() -> None:
    evaluation = made_up(3, scenes=2)
    lines = printed(evaluation).splitlines()
    for place, clip in enumerate(evaluation.clips[:2]):
        aucs = [
            roc_auc_score(clip.labels, method.scores[place])
            for method in (*evaluation.fused, *evaluation.baselines)
        ]
        (line,) = (each for each in lines if each.strip().startswith(clip.name))
        assert line.split()[-2:] == [percent(np.mean(aucs[:2])), percent(aucs[2])]
    (line,) = (each for each in lines if each.strip().startswith("clip_2"))
    assert line.split()[-2:] == ["-", "-"]  # all of its frames are anomalous


def test_the_table_has_a_row_for_the_scene_and_one_for_the_baseline() -> None:
    evaluation = made_up(3)
    text = printed(evaluation)
    for row in evaluation.rows:
        start = row.name.split(",")[0].split()[0]
        line = next(each for each in text.splitlines() if each.strip().startswith(start))
        assert percent(row.micro_auc.mean) in line
        assert percent(row.eer.mean) in line
        assert f"{row.gmac:.2f}" in line
    assert "worst" not in text


def test_several_scenes_show_mean_worst_and_interval_of_every_figure() -> None:
    evaluation = made_up(3, located=True, scenes=3)
    text = printed(evaluation)
    row = evaluation.rows[0]
    for figure in (row.micro_auc, row.macro_auc, row.eer, row.pixel_auc, row.kinds["cyclist"]):
        for share in (figure.mean, figure.worst, *figure.interval):
            assert percent(share) in text
    assert "street0.onnx, street1.onnx, street2.onnx" in text


def test_no_number_is_cut_in_a_narrow_terminal() -> None:
    evaluation = made_up(3, located=True)
    text = printed(evaluation)
    assert "…" not in text
    row = evaluation.rows[0]
    for figure in (row.pixel_auc, row.marked_precision, row.rbdc, row.tbdc):
        assert percent(figure.mean) in text


def test_the_worst_of_the_errors_is_the_largest() -> None:
    row = made_up(3, scenes=3).rows[0]
    assert row.eer.worst > row.eer.mean
    assert row.micro_auc.worst < row.micro_auc.mean


@pytest.mark.parametrize("clips", [1, 2, 8])
def test_the_pictures_are_readable_for_any_number_of_clips(clips: int) -> None:
    evaluation = made_up(clips, scenes=min(clips, 2)) if clips > 1 else one_clip()
    for picture in (roc_plot(evaluation), timeline_plot(evaluation)):
        pixels = imread(io.BytesIO(picture))
        assert min(pixels.shape[:2]) >= 300
        assert pixels[..., :3].std() > 0.05


def test_a_scene_that_tells_all_apart_has_the_curve_in_the_upper_left_corner() -> None:
    perfect, chance = (imread(io.BytesIO(roc_plot(one_clip(lift)))) for lift in (1.0, 0.0))

    def coloured_in_the_corner(pixels: np.ndarray) -> int:
        corner = pixels[: pixels.shape[0] // 4, : pixels.shape[1] // 3, :3]
        return int((corner[..., 2] - corner[..., 0] > 0.4).sum())  # the first scene's blue

    assert coloured_in_the_corner(perfect) > 500
    assert coloured_in_the_corner(chance) == 0


def one_clip(lift: float = 1.0) -> Evaluation:
    labels = np.arange(40) >= 20
    scores = lift * labels + np.random.default_rng(0).random(40)
    meter = MethodMeter("scene", GRID, (48, 64), pixel=False, regions=False)
    meter.start_clip()
    for score in scores:
        meter.add(float(score), np.zeros((2, 3), np.float32), None)
    meter.end_clip(labels)
    method, row = meter.method, make_row("scene", [meter], [None])
    clip = EvaluatedClip("only", None, 40, spans_of(labels), has_masks=False)
    scene = SceneResult("a.onnx", "b", "cpu", (method,))
    return Evaluation("d", (clip,), (), (scene,), (method,), (row,), ())


def test_the_timeline_shades_the_anomalous_frames_alone() -> None:
    pixels = imread(io.BytesIO(timeline_plot(one_clip())))
    shaded = (pixels[..., 0] - pixels[..., 1] > 0.05) & (pixels[..., 0] > 0.9)
    columns = np.flatnonzero(shaded.any(axis=0))
    middle = pixels.shape[1] / 2
    assert columns.min() == pytest.approx(middle, rel=0.1)
    assert columns.max() > 0.95 * pixels.shape[1]
