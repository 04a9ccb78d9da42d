"""Footage that an export is held to is seen as the detector sees it: at the scene's pace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import starmap
from types import SimpleNamespace

import numpy as np
import pytest

from edge_vad.errors import BadInput
from edge_vad.frame import Frame
from edge_vad.motion.pace import Paced, at_pace
from edge_vad.scene_model import SceneModel
from edge_vad_export.verification.samples import PreparedSample, preparing, read_labelled, spread
from edge_vad_train.evaluation.truth import LabelledClip, Truth

FPS = 10.0


@pytest.fixture
def model(tiny_scene) -> SceneModel:
    return SceneModel.read(tiny_scene())


def filmed(make, fps: float, seconds: float = 2.0, start_s: float = 0.0) -> list[Frame]:
    """Something that slides by 3 px in a tenth of a second."""
    times = [start_s + at / fps for at in range(round(seconds * fps))]
    return [
        Frame(np.roll(make.texture(), round(30 * time_s), axis=1), index, time_s)
        for index, time_s in enumerate(times)
    ]


def prepare_frames(model: SceneModel, frames: list[Frame]) -> Iterator[PreparedSample]:
    """At the scene's pace."""
    return starmap(preparing(model), at_pace(frames, model.card.fps))


@pytest.mark.parametrize("fps", [20.0, 30.0])
def test_faster_footage_gives_what_the_scene_would_have_seen(model, make, fps):
    expected = [
        (seen.inputs.copied(), seen.has_motion) for seen in prepare_frames(model, filmed(make, FPS))
    ]
    found = [
        (seen.inputs.copied(), seen.has_motion) for seen in prepare_frames(model, filmed(make, fps))
    ]
    assert [has_motion for _, has_motion in found] == [False, *[True] * 19]
    for (left, _), (right, _) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(left.frame, right.frame)
        np.testing.assert_array_equal(left.motion, right.motion)


def test_slower_footage_moves_as_fast(model, make):
    at_5 = [
        np.median(seen.inputs.motion[0, 0]) for seen in prepare_frames(model, filmed(make, 5.0))
    ]
    assert at_5[-1] == pytest.approx(3.0, abs=0.3)


def test_a_hole_has_no_motion(model, make):
    frames = [*filmed(make, FPS, 1.0), *filmed(make, FPS, 1.0, start_s=60.0)]
    prepared = prepare_frames(model, frames)
    assert [at for at, seen in enumerate(prepared) if not seen.has_motion] == [0, 10]


def labelled(frames: list[Frame], labels: list[bool]) -> Truth:
    clip = SimpleNamespace(name="clip", open=lambda *, strict: nullcontext(frames))
    return Truth("clips", (LabelledClip(clip, np.array(labels), has_masks=False),), ())


def test_a_label_stays_with_its_frame_at_any_rate(model, make):
    frames = filmed(make, 30.0)
    truth = labelled(frames, [frame.time_s >= 1.0 for frame in frames])
    told = [seen.anomalous for seen in read_labelled(model, truth)]
    assert told == [False] * 10 + [True] * 10


@pytest.mark.parametrize("labels", [59, 61])
def test_labels_of_other_clips_are_refused(model, make, labels):
    with pytest.raises(BadInput, match="60 frames and labels for"):
        list(read_labelled(model, labelled(filmed(make, 30.0), [False] * labels)))


def test_a_stretch_does_not_follow_the_one_before():
    picture = np.zeros((1, 1, 3), np.uint8)
    paced = [Paced(Frame(picture, at, at / 10), 1.0 if at else None) for at in range(100)]
    taken = list(spread(paced, 100, stretch=6, most=30))
    begun = [frame.index for frame, steps in taken if steps is None]
    assert begun == [0, 24, 48, 72, 96]
    assert len(taken) == 28
    assert list(spread(paced, 100, 6, most=100)) == paced
    assert list(spread(paced, None, 6, most=7)) == paced[:7]
