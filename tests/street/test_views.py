"""Viewpoints and times of day: what changes with them, and what does not."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad_street import street_truth
from edge_vad_street.layout import Layout
from edge_vad_street.scene import Street
from edge_vad_street.scenery.furniture import lamp_spot
from edge_vad_street.scenery.ground import background
from edge_vad_street.traffic import Traffic
from edge_vad_street.url import parse_street_url

URL = "test://street?seed=4&size=180x120"


def frame(url: str, index: int = 40) -> NDArray[np.float64]:
    return Street(parse_street_url(url)).frame(index).astype(float)


def test_the_side_by_day_is_what_one_gets_without_saying() -> None:
    np.testing.assert_array_equal(frame(URL), frame(URL + "&view=side&time_of_day=day"))


@pytest.mark.parametrize("scene", [1, 2, 3])
def test_the_high_camera_looks_down_more_steeply_and_sees_the_whole_street(scene: int) -> None:
    side, high = (Layout.of(scene, (360, 240), view) for view in ("side", "high"))
    assert high.view.pitch > side.view.pitch + 0.25
    assert high.view.above_m > side.view.above_m + 3
    for lane in (*high.pavements, high.road):
        for share in (0.1, 0.5, 0.9):
            left, right = high.view.span(lane.near)
            x = left + share * (right - left)
            for y in (lane.near, lane.far):
                assert 0 <= high.view.project((x, y, 0.0))[1] < 240
    assert [lane.direction for lane in side.pavements] == [
        lane.direction for lane in high.pavements
    ]


def test_the_same_people_come_to_both_views() -> None:
    crowds = [
        [len(list(Traffic(Layout.of(1, (360, 240), view), seed=3).at(t))) for t in range(0, 200, 9)]
        for view in ("side", "high")
    ]
    assert np.corrcoef(crowds)[0, 1] > 0.8


def test_two_views_do_not_share_a_background() -> None:
    side, high = (background(Layout.of(1, (90, 60), view)) for view in ("side", "high"))
    assert np.abs(side - high).mean() > 10


def test_dusk_is_darker_bluer_flatter_and_noisier_than_day() -> None:
    clean = URL + "&noise=0&light=0"
    day, dusk = frame(clean), frame(clean + "&time_of_day=dusk")
    assert dusk.mean() < 0.65 * day.mean()
    assert (
        dusk[..., 0].mean() / dusk[..., 2].mean() > 1.15 * day[..., 0].mean() / day[..., 2].mean()
    )
    assert dusk[:40].std() < 0.65 * day[:40].std()
    noise = [
        np.std(frame(URL + "&light=0" + more) - frame(clean + more))
        for more in ("", "&time_of_day=dusk")
    ]
    assert 1.5 < noise[1] / noise[0] < 2.2


def test_at_dusk_the_lamp_lights_the_ground_below_it() -> None:
    clean = "test://street?seed=4&noise=0&light=0"
    share = cv2.blur((frame(clean + "&time_of_day=dusk") / (frame(clean) + 1)).mean(axis=2), (9, 9))
    layout = Layout.of(1, (360, 240))
    x, y = lamp_spot(layout)
    column, row = layout.view.project((x, y - 0.5, 0.0)).astype(int)
    assert share[row, column] > 1.5 * share[row, 10]


def test_dusk_changes_no_truth() -> None:
    url = URL + "&anomaly=runner&frames=60"
    for day, dusk in zip(street_truth(url), street_truth(url + "&time_of_day=dusk"), strict=True):
        np.testing.assert_array_equal(day, dusk)
