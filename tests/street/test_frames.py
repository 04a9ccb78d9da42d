"""The frames of a street: reproducible, of the size asked for, and seen in perspective."""

import hashlib
import subprocess
import sys
import time
from itertools import islice

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad.sources.base import Source, SourceState
from edge_vad_street import open_street
from edge_vad_street.drawing.painter import Painter
from edge_vad_street.layout import Layout
from edge_vad_street.traffic import Traffic, walker_across

URL = "test://street?seed=5&size=180x120&frames=12&anomaly=cyclist"


def images(url: str) -> NDArray[np.uint8]:
    return np.stack([frame.image for frame in open_street(url)])


def test_the_same_address_gives_the_same_frames() -> None:
    source = open_street(URL)
    first = np.stack([frame.image for frame in source])
    again = np.stack([frame.image for frame in source])
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, images(URL))


def test_the_same_address_gives_the_same_frames_in_another_process() -> None:
    script = (
        "import hashlib, sys; from edge_vad_street import open_street;"
        "digest = hashlib.sha256();"
        "[digest.update(frame.image.tobytes()) for frame in open_street(sys.argv[1])];"
        "print(digest.hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, URL], capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == hashlib.sha256(images(URL).tobytes()).hexdigest()


def test_a_frame_does_not_depend_on_the_frames_before_it() -> None:
    street = open_street(URL.replace("frames=12", "frames=0"))._street
    alone = street.frame(700)
    for index in (3, 650, 699):
        street.frame(index)
    np.testing.assert_array_equal(street.frame(700), alone)


def test_another_seed_gives_other_people_on_the_same_street() -> None:
    def middle_of_the_picture(seed: int) -> NDArray[np.float64]:
        url = f"test://street?seed={seed}&size=180x120&frames=60&light=0"
        return np.median(images(url)[::3], axis=0)

    one, other = middle_of_the_picture(1), middle_of_the_picture(2)
    assert np.abs(one - other).mean() < 2.0
    assert not np.array_equal(
        images("test://street?seed=1&size=180x120&frames=3"),
        images("test://street?seed=2&size=180x120&frames=3"),
    )


@pytest.mark.parametrize("size", [(64, 48), (200, 333), (320, 100)])
def test_frames_have_the_size_that_was_asked_for(size: tuple[int, int]) -> None:
    width, height = size
    frame = next(iter(open_street(f"test://street?size={width}x{height}")))
    assert frame.image.shape == (height, width, 3)
    assert frame.image.dtype == np.uint8


def test_it_is_a_source_that_tells_its_length_and_times() -> None:
    source = open_street("test://street?seed=9&fps=20&frames=5&size=64x48&anomaly=runner")
    assert isinstance(source, Source)
    assert (source.name, source.fps, source.length) == ("street-9-runner", 20.0, 5)
    frames = list(source)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.time_s for frame in frames] == [0.0, 0.05, 0.1, 0.15, 0.2]
    assert source.state is SourceState.ENDED


def test_without_a_number_of_frames_it_has_no_end() -> None:
    source = open_street("test://street?size=64x48&anomaly=thrown_object")
    assert source.length is None
    assert [frame.index for frame in islice(source, 250)] == list(range(250))


def test_real_time_keeps_the_pace_of_a_camera() -> None:
    began = time.monotonic()
    list(open_street("test://street?size=64x48&fps=50&frames=11&realtime=1"))
    assert time.monotonic() - began >= 0.2


def test_who_is_farther_away_looks_smaller_and_slower() -> None:
    layout = Layout.of(1, (360, 240))
    painter = Painter(360, 240)
    seen = []
    for lane in layout.pavements:
        dice = np.random.default_rng(0)
        middle = (lane.near + lane.far) / 2
        person = walker_across(dice, layout.view, middle, 1, 0.0, 1.3)
        halfway = person.here[1] / 2
        patch = painter.paint(person.draw(layout.view, halfway))
        assert patch is not None
        steps = layout.view.project([(*person.path.at(halfway + s), 0.0) for s in (0.0, 0.1)])
        seen.append((patch.cover.sum(), steps[1, 0] - steps[0, 0]))
    (near_area, near_speed), (far_area, far_speed) = seen
    assert far_area < 0.6 * near_area
    assert 1.5 < near_speed < 3.5
    assert 0.5 * near_speed < far_speed < 0.8 * near_speed


def test_everybody_of_a_pavement_goes_its_way() -> None:
    layout = Layout.of(1, (360, 240))
    traffic = Traffic(layout, seed=3)
    for time_s in range(0, 300, 5):
        for actor in traffic.at(time_s):
            _, y = actor.path.at(time_s)
            lane = next(lane for lane in layout.pavements if lane.near < y < lane.far)
            assert actor.path.facing(time_s) == lane.direction


def test_the_street_is_now_busy_and_now_empty() -> None:
    traffic = Traffic(Layout.of(1, (360, 240)), seed=3)
    crowds = [len(list(traffic.at(time_s))) for time_s in range(0, 600, 2)]
    assert min(crowds) == 0
    assert 2 < np.mean(crowds) < 9
    assert max(crowds) >= 8


def test_optical_flow_sees_people_move_and_the_ground_lie_still() -> None:
    url = "test://street?seed=7&frames=40"
    street = open_street(url)._street
    grey = [cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY) for frame in open_street(url)]
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    fields = [flow.calc(*grey[index : index + 2], None) for index in range(30, 35)]
    mean = np.mean(fields, axis=0)
    people = np.zeros(mean.shape[:2], np.float32)
    for drawing, _ in street._drawings(3.3):
        patch = street._painter.paint(drawing)
        if patch is not None and drawing.depth_m < 27:
            patch.reveal(people, belongs=True)
    walking = np.abs(mean[..., 0])[people > 0.9]
    assert 1.0 < np.median(walking) < 3.5
    assert np.hypot(mean[..., 0], mean[..., 1])[:60].mean() < 0.1
