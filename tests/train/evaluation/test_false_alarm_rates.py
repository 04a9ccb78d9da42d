"""Promised and measured rates of false alarms."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console
from scipy.stats import chi2

from edge_vad.alarms.tracker import EventTracker
from edge_vad.errors import BadInput, WrongUse
from edge_vad.false_alarms import NormalTail
from edge_vad.frame import Frame
from edge_vad.motion.extractor import MotionSettings
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import load
from edge_vad.sources import Source
from edge_vad_train.datasets import Clip
from edge_vad_train.evaluation.false_alarm_rates import NormalEvaluation, measure_false_alarms
from edge_vad_train.evaluation.table import print_false_alarms

TinyScene = Callable[..., Path]


class Pictures(Source):
    name, fps = "pictures", 10.0

    def __init__(self, images: list[NDArray[np.uint8]]) -> None:
        self._images = images

    def __iter__(self) -> Iterator[Frame]:
        return (Frame(image, index, index / 10) for index, image in enumerate(self._images))


@dataclass(frozen=True, kw_only=True)
class NormalPictures(Clip):
    images: list[NDArray[np.uint8]]

    def open(self, *, strict: bool = False) -> Source:
        return Pictures(self.images)


@pytest.fixture
def clips(make) -> tuple[Clip, ...]:
    moved = make.movement(40, range(15, 25)) + make.movement(40, range(15, 25))
    return (
        NormalPictures(name="1_steady", kind="steady", images=make.movement(60, range(0))),
        NormalPictures(name="2_sway", kind="sway", images=moved),
    )


@pytest.fixture
def measured(tiny_scene: TinyScene, clips: tuple[Clip, ...]) -> NormalEvaluation:
    return measure_false_alarms([SceneModel.read(tiny_scene())], clips, "street", "6/hour")[0]


def printed(evaluation: NormalEvaluation) -> str:
    text = io.StringIO()
    print_false_alarms(evaluation, Console(file=text, width=80))
    return text.getvalue()


def test_alarms_are_those_of_a_run(
    tiny_scene: TinyScene, clips: tuple[Clip, ...], measured: NormalEvaluation
) -> None:
    with load(tiny_scene(), false_alarms="6/hour") as detector:
        for clip, result in zip(clips, measured.clips, strict=True):
            tracker = EventTracker()
            ended = [tracker.update(each) for each in detector.watch(clip.open())]
            events = [each for each in (*ended, tracker.finish()) if each]
            spans = [(each.start_index, each.end_index) for each in events]
            assert [(each.start_index, each.end_index) for each in result.alarms] == spans


def test_several_scenes_are_measured_as_each_alone_and_share_the_work(
    tiny_scene: TinyScene, energetic: Callable[[Path, float], Path], clips: tuple[Clip, ...]
) -> None:
    normal = NormalTail(2.0, 72000, 0.2, 12.0, 0.4, 0.0)
    built = [
        tiny_scene("a.onnx"),
        energetic(tiny_scene("b.onnx", normal=normal), 1.5),
        tiny_scene("c.onnx", motion=MotionSettings(window=4)),
    ]
    models = [SceneModel.read(each) for each in built]
    frames = []
    together = measure_false_alarms(
        models, clips, "street", "6/hour", on_frame=lambda: frames.append(1)
    )
    alone = [measure_false_alarms([each], clips, "street", "6/hour")[0] for each in models]
    assert together == alone
    assert len(frames) == 2 * (60 + 80)  # a and b are given the same input
    first, second, third = ([clip.highest_score for clip in each.clips] for each in alone)
    assert second == pytest.approx([1.5 * score for score in first])
    assert third[1] != first[1]


def test_the_rates_follow_from_the_counts(measured: NormalEvaluation) -> None:
    steady, sway = measured.clips
    assert (steady.frames, len(steady.alarms), steady.per_hour, steady.ratio) == (60, 0, 0, 0)
    assert steady.hours == pytest.approx(6 / 3600)
    assert steady.interval[1] == pytest.approx(chi2.ppf(0.975, 2) / 2 * 600)
    assert len(sway.alarms) == 2
    assert sway.per_hour == pytest.approx(2 * 450)  # in 8 s
    assert sway.ratio == pytest.approx(150)
    assert sway.interval[0] < sway.per_hour < sway.interval[1]
    assert all(alarm.rarity for alarm in sway.alarms)


def test_promise_and_measurement_stand_side_by_side(measured: NormalEvaluation) -> None:
    text = printed(measured)
    steady = next(line for line in text.splitlines() if line.strip().startswith("steady"))
    sway = next(line for line in text.splitlines() if line.strip().startswith("sway"))
    assert steady.split()[1:5] == ["0.0017", "0", "6", "0"]
    assert sway.split()[1:5] == ["0.0022", "2", "6", "900"]
    assert sway.split()[-1] == "1.5e+02"
    assert "stands on 2 hours of normal footage" in " ".join(text.split())


def test_a_promise_beyond_the_footage_is_told(
    tiny_scene: TinyScene, clips: tuple[Clip, ...]
) -> None:
    models = [SceneModel.read(tiny_scene())]
    (evaluation,) = measure_false_alarms(models, clips[:1], "street", "1/week")
    assert evaluation.threshold_extrapolated
    assert "rates down to 12 a day: it is extrapolated" in " ".join(printed(evaluation).split())


def test_json_tells_every_alarm(measured: NormalEvaluation) -> None:
    document = json.loads(msgspec.json.encode(measured))
    assert [clip["nuisance"] for clip in document["clips"]] == ["steady", "sway"]
    assert document["promised_per_hour"] == 6
    assert document["clips"][1]["alarms"][0]["rarity"].startswith("far above anything in 2 hours")


def test_a_clip_without_frames_stops_the_others_and_is_named(
    tiny_scene: TinyScene, clips: tuple[Clip, ...]
) -> None:
    empty = NormalPictures(name="empty", images=[])
    model = SceneModel.read(tiny_scene())
    with pytest.raises(BadInput, match="empty holds no frame"):
        measure_false_alarms([model], (*clips, *clips, empty, *clips), "street", "6/hour")


def test_a_rate_that_is_none_is_refused(tiny_scene: TinyScene, clips: tuple[Clip, ...]) -> None:
    with pytest.raises(WrongUse, match="not a rate"):
        measure_false_alarms([SceneModel.read(tiny_scene())], clips, "street", "few")
