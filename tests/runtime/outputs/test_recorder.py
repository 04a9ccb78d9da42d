from __future__ import annotations

import numpy as np
import pytest

from edge_vad.detection import Detection
from edge_vad.frame import Frame
from edge_vad.outputs.moments import MOMENTS
from edge_vad.outputs.recorder import EVENTS, SCORES, TIMELINE, VIDEO, Recorder
from edge_vad.scoring.detector import load
from edge_vad.sources import open_source


@pytest.fixture
def watch(tiny_scene, clip, tmp_path):
    def record(frames="40", *, has_video=True, error=None):
        folder = tmp_path / "out"
        folder.mkdir()
        with load(tiny_scene(), threads=1) as detector, open_source(f"{clip}:0-{frames}") as source:
            card = detector.model.card
            with Recorder(folder, card, title="t", fps=10.0, has_video=has_video) as recorder:
                for detection in detector.watch(source):
                    recorder.add(detection)
                if error:
                    raise error
        return folder, recorder

    return record


def test_every_frame_has_a_score_and_the_alarm_is_told(watch):
    folder, recorder = watch()
    assert recorder.frames == 40
    assert len((folder / SCORES).read_text().splitlines()) == 40
    assert len((folder / EVENTS).read_text().splitlines()) == len(recorder.events) == 1
    assert recorder.peak_score == pytest.approx(recorder.events[0].peak_score)
    assert (folder / VIDEO).stat().st_size > 1000
    assert (folder / TIMELINE).stat().st_size > 1000


def test_an_event_that_the_footage_cuts_off_is_told_too(watch):
    _, recorder = watch("20")
    assert recorder.events[0].end_index == 19


def test_what_was_watched_is_counted_by_the_times_of_frames_at_any_rate(make, tmp_path):
    times_s = [*np.arange(10) / 10, *(0.9 + 0.3 * np.arange(1, 11)), 5.4, 5.5]  # a hole of 1.5 s
    card, image = make.card(), make.texture()
    cells = np.zeros((card.grid.rows, card.grid.columns), np.float32)
    with Recorder(tmp_path, card, title="t", fps=2.0, has_video=False) as recorder:
        for index, time_s in enumerate(times_s):
            frame = Frame(image, index, float(time_s))
            recorder.add(Detection(frame, 0.5, 2.0, cells, None))
    assert recorder.watched_s == pytest.approx(3.9 + 0.1 + 0.1 + 0.1)


def test_the_video_can_be_left_out(watch):
    folder, _ = watch(has_video=False)
    assert sorted(each.name for each in folder.iterdir()) == [
        EVENTS,
        MOMENTS,
        SCORES,
        TIMELINE,
    ]


def test_files_are_finished_when_the_run_breaks(watch, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        watch("20", error=KeyboardInterrupt())
    folder = tmp_path / "out"
    assert len((folder / SCORES).read_text().splitlines()) == 20
    assert len((folder / EVENTS).read_text().splitlines()) == 1
    with open_source(folder / VIDEO) as video:
        assert len(list(video)) == 20
