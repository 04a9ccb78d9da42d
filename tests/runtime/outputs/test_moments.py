from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge_vad.alarms.moments import Moment
from edge_vad.detection import Box
from edge_vad.outputs.moments import describe_moment, write_moments


def moment(above_rest=None, width=64, height=48):
    image = np.full((height, width, 3), 90, np.uint8)
    box = Box(width // 4, height // 4, width // 2, height // 2)
    return Moment(7, 65.25, 2.5, box, image, above_rest)


@pytest.mark.parametrize(
    ("above_rest", "told"),
    [
        (None, "a normal scene scores this high about once in 3 hours, extrapolated"),
        (4.25, "clearly above the rest of this recording; a normal scene"),
        (1.5, "a little above the rest of this recording; a normal scene"),
        (-0.5, "much of this recording scores as high; a normal scene"),
    ],
)
def test_a_moment_is_told_by_time_place_and_strangeness(make, tmp_path, above_rest, told):
    (line,) = write_moments(tmp_path, [moment(above_rest)], make.card().normal)
    place, strange = describe_moment(line, tmp_path)
    assert place == f"1:05.2, 2.5 for 3 frames, 32x24 px at (16, 12): {tmp_path}/moments/1.jpg"
    assert strange.startswith(told)


def test_what_stands_still_is_told_by_for_how_long(make, tmp_path):
    (line,) = write_moments(tmp_path, [replace(moment(), stands_s=26.04)], make.card().normal)
    assert line.stands_s == 26.0
    assert (line.persistent_score, line.normal_per_hour, line.rarity) == (None, None, "")
    assert describe_moment(line, tmp_path) == (
        f"from about 0:57 on, 32x24 px at (16, 12): {tmp_path}/moments/1.jpg",
        (
            "unlike the empty scene for 26 s: something was put there, or taken away, or was there "
            "from the start"
        ),
    )


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [(64, 48, (480, 640)), (1280, 720, (720, 1280)), (3840, 2160, (720, 1280))],
)
def test_pictures_are_large_enough_to_see_and_no_larger(make, tmp_path, width, height, shape):
    write_moments(tmp_path, [moment(width=width, height=height)], make.card().normal)
    picture = cv2.imread(str(tmp_path / "moments/1.jpg"))
    assert picture.shape[:2] == shape
    rows, columns = shape
    frame = picture[rows // 4, columns // 4 : 3 * columns // 4]  # the box's upper edge
    assert frame.mean() > 150 > picture[: rows // 8].mean()


def test_without_a_moment_the_list_is_empty(make, tmp_path):
    assert write_moments(tmp_path, [], make.card().normal) == ()
    assert (tmp_path / "moments/moments.json").read_text() == "[]"
