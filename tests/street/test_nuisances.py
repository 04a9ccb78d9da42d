"""Nuisances: each disturbs the picture as it promises, and none is ever in the truth."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad_street import NUISANCES, street_truth
from edge_vad_street.disturbances import auto_exposure, light_change, shake, shown_index
from edge_vad_street.scene import Street
from edge_vad_street.url import parse_street_url

STEADY = "test://street?seed=4&size=180x120"
CLEAN = STEADY + "&noise=0&light=0"
ANOMALOUS = CLEAN + "&anomaly=cyclist"
SEEDS = range(5)


def street(url: str, nuisance: str = "") -> Street:
    return Street(parse_street_url(url + (f"&nuisance={nuisance}" if nuisance else "")))


def shown(url: str, nuisance: str, index: int) -> NDArray[np.float64]:
    return street(url, nuisance).frame(index).astype(float)


@pytest.mark.parametrize("nuisance", NUISANCES)
def test_a_frame_depends_on_options_and_index_alone(nuisance: str) -> None:
    disturbed = street(STEADY, nuisance)
    alone = disturbed.frame(700)
    for index in (3, 650, 699):
        disturbed.frame(index)
    np.testing.assert_array_equal(disturbed.frame(700), alone)
    np.testing.assert_array_equal(street(STEADY, nuisance).frame(700), alone)


@pytest.mark.parametrize("nuisance", NUISANCES)
def test_every_nuisance_is_seen(nuisance: str) -> None:
    steady, disturbed = street(STEADY), street(STEADY, nuisance)
    assert any(
        np.abs(steady.frame(index).astype(int) - disturbed.frame(index)).max() > 12
        for index in range(0, 600, 12)
    )


@pytest.mark.parametrize("nuisance", NUISANCES)
def test_a_nuisance_is_never_in_the_truth(nuisance: str) -> None:
    assert not any(mask.any() for mask in street_truth(f"{STEADY}&frames=60&nuisance={nuisance}"))
    steady, disturbed = street(ANOMALOUS), street(ANOMALOUS, nuisance)
    for index in range(0, 160, 9):
        seen = shown_index(4, index, 10.0) if nuisance == "pause" else index
        truth = steady.truth(seen)
        tolerated = 0 if nuisance not in ("camera_shake", "leaves") else 2
        around = cv2.dilate(truth.astype(np.uint8), np.ones((2 * tolerated + 1,) * 2)) > 0
        assert not (disturbed.truth(index) & ~around).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_light_swings_slowly_by_a_fifth(seed: int) -> None:
    light = np.array([light_change(seed, time_s) for time_s in np.arange(0, 120, 0.1)])
    assert 0.79 < light.min() < 0.82
    assert 1.18 < light.max() < 1.21
    assert np.abs(np.diff(light)).max() < 0.002


@pytest.mark.parametrize("seed", SEEDS)
def test_exposure_steps_by_eight_to_fifteen_per_cent_and_settles_in_half_a_second(
    seed: int,
) -> None:
    fine = 0.05
    light = np.array([auto_exposure(seed, time_s) for time_s in np.arange(0, 600, fine)])
    moving = np.flatnonzero(np.diff(light))
    steps = np.split(moving, np.flatnonzero(np.diff(moving) > 1) + 1)
    assert 20 <= len(steps) <= 60
    assert all(len(step) * fine <= 0.5 + fine for step in steps)
    sizes = [abs(light[step[-1] + 1] / light[step[0]] - 1) for step in steps]
    assert min(sizes) >= 0.079
    assert max(sizes) <= 0.151
    gaps = np.diff([step[0] * fine for step in steps])
    assert gaps.min() >= 10 - fine
    assert gaps.max() <= 30 + fine


def test_exposure_and_light_reach_the_picture() -> None:
    for nuisance, factor in (("light_change", light_change), ("auto_exposure", auto_exposure)):
        for time_s in (10, 40, 70):
            ratio = shown(CLEAN, nuisance, 10 * time_s).sum() / shown(CLEAN, "", 10 * time_s).sum()
            assert ratio == pytest.approx(factor(4, time_s), abs=0.01)


def test_shadows_of_clouds_are_soft_and_drift() -> None:
    steady, cloudy = street(CLEAN), street(CLEAN, "cloud_shadows")
    shades = []
    for index in range(0, 600, 50):
        ratio = (cloudy.frame(index).mean(axis=2) + 1) / (steady.frame(index).mean(axis=2) + 1)
        shades.append(cv2.blur(ratio, (5, 5)))
    shade = np.stack(shades)
    assert shade.min() < 0.75
    assert shade.max() > 0.95
    assert shade.max() <= 1.02
    assert np.ptp(shade, axis=0).mean() > 0.15
    ground = shade[:, 60:]
    assert max(np.abs(np.diff(ground, axis=1)).max(), np.abs(np.diff(ground, axis=2)).max()) < 0.08


def test_the_noisy_sensor_has_two_to_three_times_the_usual_noise() -> None:
    url = STEADY + "&light=0"
    clean = shown(CLEAN, "", 40)
    usual, noisy = (np.std(shown(url, nuisance, 40) - clean) for nuisance in ("", "sensor_noise"))
    assert 2.0 < noisy / usual < 3.0


@pytest.mark.parametrize("seed", SEEDS)
def test_wind_shakes_the_camera_smoothly_by_up_to_a_pixel(seed: int) -> None:
    moved = np.array([shake(seed, time_s) for time_s in np.arange(0, 60, 0.01)])
    assert np.abs(moved).max() <= 1.0
    assert (np.abs(moved).max(axis=0) > 0.7).all()
    assert np.abs(np.diff(moved, axis=0)).max() < 0.1


def test_the_picture_and_its_truth_move_as_the_camera_shakes() -> None:
    shaken, steady = street(ANOMALOUS, "camera_shake"), street(ANOMALOUS)
    index = next(
        index
        for index in range(160)
        if steady.truth(index).sum() > 100 and shake(4, index / 10)[1] < -0.6
    )
    before, after = (
        cv2.cvtColor(each.frame(index), cv2.COLOR_BGR2GRAY).astype(np.float32)
        for each in (steady, shaken)
    )
    (right, down), _ = cv2.phaseCorrelate(before, after)
    assert (right, down) == pytest.approx(shake(4, index / 10), abs=0.25)
    rows = [np.argwhere(each.truth(index))[:, 0].mean() for each in (steady, shaken)]
    assert rows[1] - rows[0] < -0.2


def test_rain_streaks_brighten_some_of_the_picture_and_others_every_time() -> None:
    drops = [
        shown(CLEAN, "rain", index).mean(axis=2) - (0.93 * shown(CLEAN, "", index).mean(axis=2) + 7)
        > 8
        for index in (20, 21)
    ]
    assert all(0.01 < each.mean() < 0.15 for each in drops)
    assert (drops[0] & drops[1]).sum() < 0.3 * drops[0].sum()


@pytest.mark.parametrize("view", ["side", "high"])
def test_leaves_sway_in_place_by_one_to_three_pixels(view: str) -> None:
    url = f"test://street?seed=4&noise=0&light=0&view={view}"
    steady, windy = street(url), street(url, "leaves")
    trees = [thing.patch for thing in steady._standing if thing.sways]
    near_trees = np.zeros((240, 360), bool)
    for tree in trees:
        rows, columns = tree.rows, tree.columns
        near_trees[max(0, rows.start - 3) : rows.stop + 3, max(0, columns.start - 3) :][
            :, : columns.stop + 3 - max(0, columns.start - 3)
        ] = True
    for index in (30, 37, 44):
        changed = np.abs(steady.frame(index).astype(int) - windy.frame(index)).max(axis=2) > 6
        assert changed.sum() > 100
        assert not (changed & ~near_trees).any()
    reached = _sways(windy)
    assert 1.0 < reached <= 3.0


def test_no_three_seconds_of_wind_come_twice_in_ten_minutes() -> None:
    crown = next(each for each in street("test://street?seed=4", "leaves")._foliage if each)
    reaches = (np.stack(crown.reach(index / 10)) for index in range(6000))
    swayed = np.array([reach.reshape(2, -1)[:, ::50].ravel() for reach in reaches])
    gust = swayed[180:210]
    later = np.lib.stride_tricks.sliding_window_view(swayed, 30, axis=0).transpose(0, 2, 1)
    apart = np.abs(later - gust).max(axis=(1, 2))
    assert apart[180] == 0
    assert np.delete(apart, np.s_[175:186]).min() > 0.5


def test_a_trunk_stands_still_in_the_wind() -> None:
    url = "test://street?seed=4&noise=0&light=0"
    windy = street(url, "leaves")
    for foliage, thing in zip(windy._foliage, windy._standing, strict=True):
        if foliage is not None:
            foot = thing.patch.cover[-10:]
            moved = foliage.at(3.7)
            low = thing.patch.rows.stop - moved.rows.start
            left = thing.patch.columns.start - moved.columns.start
            swayed = moved.cover[low - 10 : low, left : left + foot.shape[1]]
            np.testing.assert_allclose(swayed, foot, atol=1e-5)


def test_compression_leaves_blocks() -> None:
    frame = shown(STEADY, "compression", 40).mean(axis=2)
    steps = np.abs(np.diff(frame, axis=1)).mean(axis=0)
    edges = steps[7::8].mean()
    assert edges > 1.5 * np.delete(steps, np.s_[7::8]).mean()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pausing_camera_repeats_a_frame_for_seconds_and_then_shows_the_present(seed: int) -> None:
    indices = np.arange(6000)
    sent = np.array([shown_index(seed, index, 10.0) for index in range(6000)])
    assert (sent <= indices).all()
    held = np.flatnonzero(np.bincount(sent) > 1)
    lengths = np.bincount(sent)[held] / 10
    assert 10 <= len(held) <= 40
    assert lengths.min() >= 1.9
    assert lengths.max() <= 5.1
    assert ((sent == indices) | np.isin(sent, held)).all()


def test_the_frame_of_a_pause_is_the_same_to_the_last_bit() -> None:
    paused = street(STEADY + "&anomaly=cyclist", "pause")
    sent = [shown_index(4, index, 10.0) for index in range(300)]
    first, last = next((first, index) for index, first in enumerate(sent) if index - first > 10)
    np.testing.assert_array_equal(paused.frame(first), paused.frame(last))
    np.testing.assert_array_equal(paused.truth(first), paused.truth(last))


def _sways(windy: Street) -> float:
    """The farthest that leaves get, px."""
    farthest = 0.0
    for foliage in windy._foliage:
        if foliage is not None:
            for time_s in np.arange(0, 40, 0.3):
                aside, upward = foliage.reach(time_s)
                farthest = max(farthest, float(np.hypot(aside, upward).max()))
    return farthest
