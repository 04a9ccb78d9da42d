from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_vad.motion.dynamic_flow import Pooling
from edge_vad.motion.extractor import LONGEST_PAUSE, FlowExtractor, MotionExtractor, MotionSettings
from edge_vad.opencv import cv2
from edge_vad.sources import open_source
from edge_vad_street import street_truth


@pytest.mark.parametrize("pooling", Pooling)
def test_the_first_frame_has_no_motion(make, pooling):
    extractor = MotionExtractor(48, 64, MotionSettings(pooling=pooling))
    motion = extractor.push(make.texture())
    assert motion.shape == extractor.shape == (pooling.channels, 24, 32)
    assert not motion.any()


@settings(max_examples=15)
@given(right=st.integers(-4, 4), down=st.integers(-3, 3))
def test_a_texture_that_moves_gives_its_shift(make, right, down):
    picture = make.texture(height=96, width=128)
    extractor = MotionExtractor(96, 128, MotionSettings())
    extractor.push(picture)
    motion = extractor.push(np.roll(picture, (down, right), axis=(0, 1)))
    middle = motion[:2, 12:36, 16:48].reshape(2, -1)
    np.testing.assert_allclose(np.median(middle, axis=1), [right, down], atol=0.25)


def test_a_frame_after_a_reset_is_a_first_frame(make):
    extractor = MotionExtractor(48, 64, MotionSettings())
    for seed in range(3):
        extractor.push(make.texture(seed))
    extractor.reset()
    again, fresh = extractor.push(make.texture(7)), MotionExtractor(48, 64, MotionSettings())
    np.testing.assert_array_equal(again, fresh.push(make.texture(7)))
    assert not again.any()


def test_frames_that_do_not_divide_evenly_lose_their_last_pixels(make):
    extractor = MotionExtractor(49, 67, MotionSettings(downscale=4))
    for seed in range(2):
        motion = extractor.push(make.texture(seed, 49, 67))
    assert motion.shape == (3, 12, 16)


def test_between_equal_pictures_nothing_would_have_been_found(make):
    picture = cv2.cvtColor(make.texture(height=96, width=128), cv2.COLOR_BGR2GRAY)
    extractor = FlowExtractor(96, 128, MotionSettings())
    assert not extractor.measure(picture, picture.copy(), np.zeros(extractor.shape, np.float32))
    np.testing.assert_array_equal(extractor._flow.calc(picture, picture.copy(), None), 0)


def shifted(make, by):
    return np.roll(make.texture(height=96, width=128), by, axis=1)


def extractor_of_one_field():
    return MotionExtractor(96, 128, MotionSettings(window=1))


def test_a_picture_that_comes_again_changes_nothing_but_cannot_be_judged_for_ever(make):
    extractor = extractor_of_one_field()
    extractor.push(shifted(make, 0))
    before = extractor.push(shifted(make, 2)).copy()
    for repeat in range(1, LONGEST_PAUSE + 5):
        np.testing.assert_array_equal(extractor.push(shifted(make, 2)), before)
        assert extractor.known == (repeat <= LONGEST_PAUSE)


def test_the_picture_that_ends_a_long_pause_is_a_first_one(make):
    extractor = MotionExtractor(96, 128, MotionSettings())
    for by in (0, 2, *[2] * (LONGEST_PAUSE + 1)):
        extractor.push(shifted(make, by))
    motion = extractor.push(shifted(make, 20))
    assert not extractor.known
    assert not motion.any()
    motion = extractor.push(shifted(make, 22))
    assert extractor.known
    assert np.median(motion[0, 12:36, 16:48]) == pytest.approx(2, abs=0.25)


def test_of_a_camera_whose_every_picture_stands_for_long_motion_is_known(make):
    extractor = extractor_of_one_field()
    repeats = LONGEST_PAUSE + 5
    for by in (0, 8, 16):
        for _ in range(repeats):
            motion = extractor.push(shifted(make, by))
    extractor.push(shifted(make, 24))
    assert extractor.known
    assert np.median(motion[0, 12:36, 16:48]) == pytest.approx(8 / repeats, abs=0.05)


@pytest.mark.parametrize("repeats", [1, 3])
def test_what_moved_over_repeated_pictures_is_divided_by_their_time(make, repeats):
    extractor = extractor_of_one_field()
    extractor.push(shifted(make, 0))
    for _ in range(repeats):
        extractor.push(shifted(make, 0))
    motion = extractor.push(shifted(make, 4))
    assert np.median(motion[0, 12:36, 16:48]) == pytest.approx(4 / (repeats + 1), abs=0.1)


def test_a_part_that_moves_to_and_fro_has_a_speed_and_hardly_a_flow(make):
    extractor = MotionExtractor(96, 128, MotionSettings(window=4))
    for by in (0, 3, 0, 3, 0):
        motion = extractor.push(shifted(make, by))
    right, _, speed = (np.median(np.abs(each[12:36, 16:48])) for each in motion)
    assert right < 0.25
    assert speed == pytest.approx(3, abs=0.3)


def test_a_field_counts_for_as_many_frames_as_its_time_holds(make):
    extractor = MotionExtractor(96, 128, MotionSettings(window=4))
    extractor.push(shifted(make, 0))
    extractor.push(shifted(make, 4))
    motion = extractor.push(shifted(make, 10), steps=3.0)
    assert np.median(motion[0, 12:36, 16:48]) == pytest.approx((4 + 3 * 2) / 4, abs=0.1)


@pytest.mark.parametrize(("steps", "fields"), [(1.0, 5), (1.25, 5), (2.0, 3), (5.0, 1), (9.0, 1)])
def test_the_window_forgets_by_time_at_any_rate(make, steps, fields):
    extractor = MotionExtractor(96, 128, MotionSettings(window=5))
    for by in range(0, 24, 4):
        motion = extractor.push(shifted(make, by), steps=steps)
    for still in range(fields):
        assert motion[2, 12:36, 16:48].mean() > 0.1
        motion = extractor.push(shifted(make, 20) // 2 + still, steps=steps)
    assert motion[2, 12:36, 16:48].mean() < 0.1


def test_a_cyclist_is_found_in_frames_that_come_seldom():
    """His flow at 5 frames a second is about that at the scene's ten."""
    speeds = {}
    for fps in (5, 10):
        url = f"test://street?seed=9&frames={14 * fps}&fps={fps}&anomaly=cyclist"
        extractor = MotionExtractor(240, 360, MotionSettings(window=1))
        speeds[fps] = []
        for frame, mask in zip(open_source(url), street_truth(url), strict=True):
            motion = extractor.push(frame.image, steps=10 / fps)
            if frame.time_s > 11.0 and mask.any():
                speeds[fps].append(np.median(motion[2][mask[::2, ::2]]))
    assert np.median(speeds[10]) > 5
    assert np.median(speeds[5]) == pytest.approx(np.median(speeds[10]), rel=0.3)
