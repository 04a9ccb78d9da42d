"""When a camera's pictures were taken."""

from __future__ import annotations

import numpy as np
import pytest

from edge_vad.sources.capture.clock import CaptureClock


def arrivals(fps: float, count: int, jitter_s: float) -> list[float]:
    dice = np.random.default_rng(0)
    late = dice.uniform(0, jitter_s, count)
    return np.maximum.accumulate(100 + np.arange(count) / fps + late).tolist()


@pytest.mark.parametrize("has_stamps", [True, False])
def test_pictures_that_come_in_bursts_have_even_times(has_stamps: bool) -> None:
    clock = CaptureClock()
    times = [
        clock.at(now, at / 10 if has_stamps else None, 0.1)
        for at, now in enumerate(arrivals(10.0, 300, 0.09))
    ]
    gaps = np.diff(times[150:])
    assert gaps.mean() == pytest.approx(0.1, abs=0.002)
    assert gaps.min() > 0.085
    assert gaps.max() < 0.115


def test_no_picture_was_taken_after_it_came() -> None:
    clock = CaptureClock()
    burst = [100.0] * 10 + [100.1 + at / 10 for at in range(20)]
    times = [clock.at(now, None, 0.1) for now in burst]
    assert all(time <= now for time, now in zip(times, burst, strict=True))
    assert times[-1] == pytest.approx(burst[-1], abs=0.01)


@pytest.mark.parametrize("has_stamps", [True, False])
@pytest.mark.parametrize("waiting", [3, 10, 40])
def test_what_waited_and_comes_all_at_once_is_told(has_stamps: bool, waiting: int) -> None:
    clock = CaptureClock()
    came = [100.0 + 0.004 * at for at in range(waiting)] + [100.2 + at / 10 for at in range(20)]
    bursts = []
    for at, now in enumerate(came):
        clock.at(now, at / 10 if has_stamps else None, 0.1)
        bursts.append(clock.is_burst)
    assert not bursts[0]
    assert all(bursts[1:waiting])
    assert not any(bursts[waiting + 1 :])


@pytest.mark.parametrize("has_stamps", [True, False])
def test_what_comes_somewhat_early_or_late_is_no_burst(has_stamps: bool) -> None:
    clock = CaptureClock()
    for at, now in enumerate(arrivals(10.0, 300, 0.045)):
        clock.at(now, at / 10 if has_stamps else None, 0.1)
        assert not clock.is_burst


@pytest.mark.parametrize("has_stamps", [True, False])
def test_a_camera_that_hung_did_so_for_as_long(has_stamps: bool) -> None:
    clock = CaptureClock()
    came = [(0.0, 0.0), (0.1, 0.1), (9.1, 0.2), (9.2, 0.3)]
    times = [clock.at(now, stamp if has_stamps else None, 0.1) for now, stamp in came]
    assert times == pytest.approx([0.0, 0.1, 9.1, 9.2])


@pytest.mark.parametrize("stamp", [-50.0, 7200.0])
def test_a_stamp_that_makes_no_sense_is_not_believed(stamp: float) -> None:
    clock = CaptureClock()
    assert [clock.at(now, at, 0.1) for now, at in ((5.0, 1.0), (5.1, 1.1), (5.2, stamp))][-1] == 5.2


def test_a_camera_that_is_a_little_faster_than_it_says_is_followed() -> None:
    clock = CaptureClock()
    times = [clock.at(at / 10.2, at / 10, 0.1) for at in range(2000)]
    assert times[-1] == pytest.approx(1999 / 10.2, abs=0.3)
