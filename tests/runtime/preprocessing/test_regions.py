"""Regions that are left out: how they are said, kept, and painted over."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from edge_vad.alarms.ignored import IgnoredCells
from edge_vad.camera_state import CameraState
from edge_vad.errors import BadModel, WrongUse
from edge_vad.preprocessing.background_picture import encode_background
from edge_vad.preprocessing.regions import (
    covered,
    describe_regions,
    in_shares,
    parse_regions,
    write_region,
)
from edge_vad.preprocessing.resize import FrameResizer
from edge_vad.scene_model import decode_card
from edge_vad.scoring.tamper_detector import TamperDetector

CLOCK = ((40.0, 4.0), (60.0, 4.0), (60.0, 14.0), (40.0, 14.0))
"""In frames of 64x48."""
SHARES = in_shares([CLOCK], 48, 64)


@pytest.mark.parametrize(
    "text",
    [
        *("", "clock", "0,0,10,10", "[]", "[[0, 0], [1, 1]]", "[[0, 0], [1, 0], [1]]"),
        *("[[0, 0], [5, 5], [9, 9]]", "[[3, 3], [3, 3], [3, 3]]", "{}", "[" * 9999),
        *("[[0, 0], [1, 0], [1, 1e9]]", "[[0, 0], [1, 0], [1, NaN]]", "[[[0,0],[1,0],[1,1]]]"),
        *('[[0, 0], [1, 0], ["1", 1]]', f"[{','.join(['[0,0],[9,1]'] * 600)}]"),
    ],
)
def test_what_is_no_region_is_refused_in_words(text):
    with pytest.raises(WrongUse, match="is no region") as raised:
        parse_regions([text])
    assert "[[0, 0], [200, 0], [200, 80]]" in raised.value.todo
    assert len(str(raised.value)) < 600


def test_too_many_regions_are_refused_and_those_that_are_read_are_written_alike():
    with pytest.raises(WrongUse, match="101 regions are too many"):
        parse_regions(["[[0, 0], [2, 0], [2, 8]]"] * 101)
    (polygon,) = parse_regions(["[[0, 0], [20.5, 0], [2, 8]]"])
    assert write_region(polygon) == "[[0, 0], [20.5, 0], [2, 8]]"


@pytest.mark.parametrize(
    "outside",
    [((70, 0), (90, 0), (90, 20)), ((-9, -9), (-1, -9), (-1, -1)), ((0, 48.5), (9, 49), (3, 99))],
)
def test_a_region_outside_the_picture_is_refused(outside):
    with pytest.raises(WrongUse, match="outside the frames, which are 64x48"):
        in_shares([CLOCK, outside], 48, 64)


def test_what_lies_beyond_the_border_is_cut_off():
    wide = ((40, -1000), (100_000, -1000), (100_000, 14), (40, 14))
    (region,) = in_shares([wide], 48, 64)
    corners = np.array(region)
    assert corners.min() >= 0
    assert corners.max() <= 1
    np.testing.assert_allclose(corners.min(0) * (64, 48), (40, 0), atol=1e-9)
    np.testing.assert_allclose(corners.max(0) * (64, 48), (64, 14), atol=1e-9)


def test_a_picture_cannot_be_left_out_whole():
    left, right = ((0, 0), (40, 0), (40, 48), (0, 48)), ((30, 0), (64, 0), (64, 48), (30, 48))
    with pytest.raises(WrongUse, match="whole picture"):
        in_shares([left, right], 48, 64)


def test_overlapping_regions_are_both_left_out():
    twice = in_shares([CLOCK, CLOCK], 48, 64)
    np.testing.assert_array_equal(covered(twice, 48, 64), covered(SHARES, 48, 64))


@pytest.mark.parametrize("scale", [1, 2, 3.4, 0.5])
def test_a_clock_is_painted_over_in_frames_of_any_size_and_the_frame_is_left_alone(make, scale):
    height, width = round(48 * scale), round(64 * scale)
    plain = make.texture(3, height, width)
    with_clock = plain.copy()
    with_clock[int(4 * scale) : round(14 * scale), int(40 * scale) : round(60 * scale)] = 255
    before = with_clock.copy()
    seen = FrameResizer(48, 64, SHARES).resize(plain).copy()
    np.testing.assert_array_equal(FrameResizer(48, 64, SHARES).resize(with_clock), seen)
    np.testing.assert_array_equal(with_clock, before)
    unpainted = FrameResizer(48, 64, ()).resize(plain)
    outside = covered(SHARES, 48, 64) == 0
    np.testing.assert_array_equal(seen[outside], unpainted[outside])
    assert outside.mean() > 0.85


def test_without_regions_a_frame_of_the_models_size_is_not_even_copied(make):
    picture = make.texture()
    assert FrameResizer(48, 64, ()).resize(picture) is picture


@pytest.mark.parametrize(
    "wrong",
    [
        *([[[0.1, 0.1], [0.2, 0.2]]], [[[0, 0], [1, 0], [1, 1.5]]], [[[0, 0], [1, 0], [1, -0.1]]]),
        *([[[0, 0], [1, 0], [1, "1"]]], [[[0, 0], [1, 0], [1, 1]]] * 101, "all", 1),
        [[[0.5, i % 2] for i in range(999)]] * 11,
    ],
)
def test_regions_that_cannot_be_are_refused_in_a_scenes_card(make, tmp_path, wrong):
    document = msgspec.json.decode(make.card().encode()) | {"ignored": wrong}
    with pytest.raises(BadModel, match="broken"):
        decode_card(msgspec.json.encode(document).decode(), tmp_path)


def test_scenes_of_before_have_no_regions_and_are_read(make, tmp_path):
    document = msgspec.json.decode(make.card().encode())
    del document["ignored"], document["score_cells"]
    card = decode_card(msgspec.json.encode(document).decode(), tmp_path)
    assert (card.ignored, card.score_cells) == ((), 1)
    assert describe_regions(card.ignored) == ""


def test_regions_survive_the_card(make, tmp_path):
    card = make.card(ignored=SHARES)
    assert decode_card(card.encode(), tmp_path).ignored == SHARES
    assert describe_regions(SHARES) == "not looked at: 1 region, about 7% of the picture"


def test_a_region_does_not_make_another_scene_look_like_this_one(make):
    """Its edges are in every picture that is painted over."""
    flat = np.full((192, 256, 3), 190, np.uint8)
    pattern = make.texture(5, 192, 256)
    still = flat.copy()
    still[96:] = 165 + pattern[96:] // 5
    region = in_shares([((20, 10), (236, 10), (236, 80), (20, 80))], 192, 256)
    fit = FrameResizer(192, 256, region).resize
    empty = encode_background(fit(still).copy())
    turned = flat.copy()
    turned[96:] = 165 + make.texture(6, 192, 256)[96:] // 5
    for picture, state in ((still, CameraState.LIVE), (turned, CameraState.MOVED)):
        match = TamperDetector(10.0, (empty,), region)
        assert match.update(fit(picture), 0.0) is state


@pytest.fixture
def cells(make):
    """Cell (1, 2) is ignored; scores are the mean of the two highest cells."""
    square = ((20.0, 12.0), (28.0, 12.0), (28.0, 20.0), (20.0, 20.0))
    return IgnoredCells((square,), make.card(score_cells=2))


def map_of(**values):
    anomaly_map = np.zeros((5, 7), np.float32)
    for place, value in values.items():
        anomaly_map[int(place[1]), int(place[2])] = value
    return anomaly_map


def test_what_is_ignored_and_not_strange_changes_no_score(cells):
    score, anomaly_map = cells.counted(7.5, map_of(a00=6, a44=5, a12=4), 48, 64)
    assert score == 7.5
    assert anomaly_map[1, 2] == 0


def test_a_score_without_ignored_cells_is_formed_of_the_others_as_scores_are(cells):
    assert cells.counted(9.0, map_of(a00=6, a44=4, a12=30), 48, 64)[0] == 5.0
    assert cells.counted(3.0, map_of(a00=6, a44=4, a12=30), 48, 64)[0] == 3.0  # never higher


def test_a_region_in_which_no_cell_has_its_centre_is_told(make, caplog):
    tiny = ((1.0, 1.0), (2.0, 1.0), (2.0, 2.0))
    cells = IgnoredCells((tiny,), make.card())
    assert cells.counted(9.0, map_of(a00=9), 48, 64)[0] == 9.0
    assert "no cell's centre lies in the region [[1, 1], [2, 1], [2, 2]]" in caplog.text
