"""A scene decides alike at whatever rate it is filmed."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from edge_vad.alarms.tracker import EventTracker
from edge_vad.scoring.detector import load
from edge_vad.sources import open_source

SIZE = (96, 128)
SECONDS, MOVING = 5.0, (2.0, 3.4)


def filmed(make, time_s):
    """Something slides across a still scene, at 30 px a second, for a while."""
    picture = make.texture(0, *SIZE)
    picture[:2, :2] = int(time_s * 997) % 256
    if MOVING[0] <= time_s < MOVING[1]:
        sliding = make.texture(1, *SIZE)
        picture[30:66, 30:90] = np.roll(sliding, round(30 * time_s), axis=1)[30:66, 30:90]
    return picture


def write(path, times_s, make):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "8"})
        stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 9000)
        for time_s in times_s:
            frame = av.VideoFrame.from_ndarray(filmed(make, time_s), format="bgr24")
            frame.pts, frame.time_base = round(9000 * time_s), Fraction(1, 9000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def every(fps):
    return np.arange(0, SECONDS, 1 / fps).tolist()


dice = np.random.default_rng(0)
TIMES = {
    **{f"{fps} a second": every(fps) for fps in (5, 10, 15, 25, 30)},
    "three of four left out": [at for n, at in enumerate(every(30)) if n < 30 or n % 4 == 0],
    "at random": [at for at in every(30) if dice.random() < 0.5],
}


@pytest.fixture
def scene(tiny_scene, make):
    card = make.card(*SIZE)
    return tiny_scene(height=SIZE[0], width=SIZE[1], grid=card.grid)


def alarms(scene, source):
    tracker, found = EventTracker(), []
    with load(scene, threads=1) as detector, source:
        for detection in detector.watch(source):
            found += filter(None, [tracker.update(detection)])
    return [*found, *filter(None, [tracker.finish()])]


@pytest.mark.parametrize("rate", TIMES)
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_an_alarm_begins_at_the_same_time(scene, make, tmp_path, rate, name):
    clip = write(tmp_path / name, TIMES[rate], make)
    (alarm,) = alarms(scene, open_source(clip))
    assert alarm.start_s == pytest.approx(MOVING[0], abs=0.5)
    assert alarm.end_s == pytest.approx(MOVING[1], abs=0.5)


@pytest.mark.parametrize("fps", [5, 10, 25, 30])
def test_nothing_but_time_that_passes_is_no_alarm(scene, make, tmp_path, fps):
    times = [at for at in every(fps) if at < 1.0]
    hole = write(tmp_path / "hole.mp4", [*times, *(60.0 + at for at in times)], make)
    assert alarms(scene, open_source(hole)) == []


def test_a_hole_moves_no_later_event(scene, make, tmp_path):
    times = [at for at in every(10) if not 0.5 < at < 1.9]
    (alarm,) = alarms(scene, open_source(write(tmp_path / "hole.mp4", times, make)))
    assert alarm.start_s == pytest.approx(2.0, abs=0.3)
