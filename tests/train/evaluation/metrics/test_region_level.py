"""Regions and tracks found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from edge_vad_train.evaluation.metrics.region_level import (
    THRESHOLDS,
    RegionLevel,
    RegionMeter,
    area_to_one,
    compare_regions,
    regions_of,
)

SHAPE = (10, 14)
EIGHT = np.ones((3, 3))
# Within a frame 8-connected, between frames linked by the same pixel alone.
IN_TIME = np.zeros((3, 3, 3))
IN_TIME[1], IN_TIME[0, 1, 1], IN_TIME[2, 1, 1] = 1, 1, 1

Clip = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""Maps and masks, (frames, height, width)."""


def boxes(*corners: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    mask = np.zeros(SHAPE, np.bool_)
    for top, left, bottom, right in corners:
        mask[top:bottom, left:right] = True
    return mask


def measured(*clips: Clip) -> RegionLevel:
    meter = RegionMeter()
    for values, masks in clips:
        meter.start_clip()
        for frame in zip(values, masks, strict=True):
            meter.add(*frame)
    return meter.result()


def random_clip(seed: int, frames: int = 6) -> Clip:
    dice = np.random.default_rng(seed)
    masks = np.array([boxes() for _ in range(frames)])
    for _ in range(3):
        start, (top, left) = dice.integers(0, frames - 1), dice.integers(0, 8, 2)
        for index in range(start, min(start + 3, frames)):
            masks[index, top : top + 3, left : left + 2 + index % 2] = True
    noise = ndimage.gaussian_filter(dice.random((frames, *SHAPE)), (0, 1, 1)) * 6
    return (noise + masks * dice.random((frames, 1, 1)) * 3).astype(np.float32), masks


def defined(clips: list[Clip]) -> tuple[float, float]:
    """RBDC and TBDC frame by frame, region by region, threshold by threshold."""
    points = [(0.0, 0.0, 0.0)]
    for threshold in THRESHOLDS:
        regions_found, tracks_found, false_positives, frames = [], [], 0, 0
        for values, masks in clips:
            tracks, count = ndimage.label(masks, IN_TIME)
            found_in_track: list[list[bool]] = [[] for _ in range(count)]
            for value, mask, track in zip(values, masks, tracks, strict=True):
                frames += 1
                truth, marked = ndimage.label(mask, EIGHT), ndimage.label(value >= threshold, EIGHT)
                true_regions = [truth[0] == number + 1 for number in range(truth[1])]
                marked_regions = [marked[0] == number + 1 for number in range(marked[1])]

                def hit(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
                    return bool((one & other).sum() / (one | other).sum() >= 0.1)

                for region in true_regions:
                    is_found = any(hit(region, each) for each in marked_regions)
                    found_in_track[track[region][0] - 1].append(is_found)
                false_positives += sum(
                    not any(hit(each, region) for region in true_regions) for each in marked_regions
                )
            regions_found += [found for track in found_in_track for found in track]
            tracks_found += [np.mean(track) >= 0.1 for track in found_in_track]
        points.append((false_positives / frames, np.mean(regions_found), np.mean(tracks_found)))
    return under([(x, y) for x, y, _ in points]), under([(x, y) for x, _, y in points])


def under(points: list[tuple[float, float]]) -> float:
    """Area up to one, of straight lines between points that nothing to their left surpasses."""
    points = sorted(points)
    best = [(x, max(y for _, y in points[: place + 1])) for place, (x, y) in enumerate(points)]
    total = 0.0
    for (x0, y0), (x1, y1) in zip(
        best, [*best[1:], (max(2.0, best[-1][0]), best[-1][1])], strict=True
    ):
        if x0 < 1 and x1 > x0:
            end = min(x1, 1.0)
            total += (end - x0) * (y0 + (y0 + (y1 - y0) * (end - x0) / (x1 - x0))) / 2
    return total


def test_marks_on_the_truth_alone_score_one() -> None:
    masks = np.array([boxes((1, 1, 4, 4)), boxes((2, 2, 5, 5)), boxes()])
    result = measured((masks * np.float32(5), masks))
    assert (result.rbdc, result.tbdc) == (1, 1)
    assert (result.regions, result.tracks, result.frames) == (2, 1, 3)


def test_marks_elsewhere_alone_score_nothing() -> None:
    masks = np.array([boxes((1, 1, 4, 4))])
    result = measured((np.array([boxes((6, 6, 9, 9))]) * np.float32(5), masks))
    assert (result.rbdc, result.tbdc) == (0, 0)


def test_nothing_marked_scores_nothing() -> None:
    masks = np.array([boxes((1, 1, 4, 4))])
    assert measured((np.zeros((1, *SHAPE), np.float32), masks)).rbdc == 0


def test_a_region_is_found_from_a_tenth_of_overlap_on() -> None:
    _, truth = regions_of(boxes((0, 0, 1, 10)))
    for columns, is_found in ((1, True), (0, False)):
        _, marked = regions_of(boxes((0, 0, 1, columns)))
        found, false_positives = compare_regions(marked, truth)
        assert found.tolist() == [is_found]
        assert false_positives == 0
    _, marked = regions_of(boxes((0, 9, 1, 11)))  # one shared pixel of eleven
    found, false_positives = compare_regions(marked, truth)
    assert found.tolist() == [False]
    assert false_positives == 1


def test_several_marks_on_one_region_are_no_false_positives() -> None:
    _, truth = regions_of(boxes((0, 0, 1, 9)))
    _, marked = regions_of(boxes((0, 0, 1, 2), (0, 4, 1, 6)))
    found, false_positives = compare_regions(marked, truth)
    assert found.tolist() == [True]
    assert false_positives == 0


def test_diagonal_neighbours_are_one_region() -> None:
    assert regions_of(boxes((0, 0, 1, 1), (1, 1, 2, 2)))[0] == 1


def test_a_track_is_found_by_a_tenth_of_its_regions() -> None:
    masks = np.array([boxes((1, 1, 4, 4))] * 10)
    values = np.zeros((10, *SHAPE), np.float32)
    values[4][masks[4]] = 5
    result = measured((values, masks))
    assert result.tracks == 1
    assert result.tbdc == pytest.approx(1)
    assert result.rbdc == pytest.approx(0.1)
    longer = measured((np.concatenate([values, values[:1]]), np.concatenate([masks, masks[:1]])))
    assert longer.tbdc == 0


def test_tracks_end_where_nothing_is_shared_and_with_the_clip() -> None:
    here, there = boxes((1, 1, 4, 4)), boxes((6, 6, 9, 9))
    values = np.zeros((2, *SHAPE), np.float32)
    assert measured((values, np.array([here, there]))).tracks == 2
    assert measured((values, np.array([here, here]))).tracks == 1
    assert measured((values[:1], here[None]), (values[:1], here[None])).tracks == 2
    assert (
        measured((np.zeros((3, *SHAPE), np.float32), np.array([here, boxes(), here]))).tracks == 2
    )


def test_regions_that_a_third_links_are_one_track() -> None:
    apart, joined = boxes((1, 1, 3, 3), (1, 6, 3, 8)), boxes((1, 1, 3, 8))
    assert measured((np.zeros((2, *SHAPE), np.float32), np.array([apart, joined]))).tracks == 1


@settings(max_examples=12)
@given(st.integers(0, 10_000))
def test_both_equal_their_definition_written_out(seed: int) -> None:
    clips = [random_clip(seed), random_clip(seed + 1)]
    result = measured(*clips)
    assert (result.rbdc, result.tbdc) == pytest.approx(defined(clips))


def test_the_area_by_hand() -> None:
    # From (0, 0) to (0.5, 0.6), on to (2, 0.9): at one it has come to 0.7.
    area = area_to_one(np.array([2.0, 0.5]), np.array([0.9, 0.6]))
    assert area == pytest.approx(0.5 * 0.6 / 2 + 0.5 * (0.6 + 0.7) / 2)


def test_the_area_ends_at_one_false_positive_a_frame() -> None:
    assert area_to_one(np.array([1.0, 4.0]), np.array([0.5, 1.0])) == pytest.approx(0.25)


def test_a_step_at_one_false_positive_a_frame_adds_no_area() -> None:
    # Two thresholds with one false positive a frame: the line leads to the lower of them.
    assert area_to_one(np.array([1.0, 1.0]), np.array([0.5, 0.9])) == pytest.approx(0.25)


def test_an_operating_point_that_another_surpasses_does_not_count() -> None:
    good, worse = (0.2, 0.8), (0.4, 0.1)
    both = area_to_one(np.array([good[0], worse[0]]), np.array([good[1], worse[1]]))
    assert both == pytest.approx(area_to_one(np.array([good[0]]), np.array([good[1]])))
    assert both == pytest.approx(0.2 * 0.8 / 2 + 0.8 * 0.8)
