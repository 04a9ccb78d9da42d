"""The box between the thread that captures and the one that looks."""

from __future__ import annotations

import threading
import time

import numpy as np

from edge_vad.frame import Frame
from edge_vad.sources.capture.newest import NewestFrame


def frame(index: int) -> Frame:
    return Frame(np.full((2, 2, 3), index, np.uint8), index, float(index))


def test_the_newest_frame_wins_and_the_others_are_counted() -> None:
    box = NewestFrame()
    for index in range(5):
        box.put(frame(index))
    taken = box.take()
    assert taken is not None
    assert taken.index == 4
    assert box.dropped == 4
    assert box.take() is None


def test_the_image_of_a_dropped_frame_is_written_into_again() -> None:
    box = NewestFrame()
    first = frame(0)
    box.put(first)
    assert box.spare() is None
    box.put(frame(1))
    assert box.spare() is first.image


def test_images_go_round_without_new_ones() -> None:
    box = NewestFrame()
    seen = set()
    for index in range(100):
        image = box.spare()
        if image is None:
            image = np.zeros((2, 2, 3), np.uint8)
        seen.add(id(image))
        box.put(Frame(image, index, 0.0))
        taken = box.take()
        assert taken is not None
        box.give_back(taken.image)
    assert len(seen) <= 3


def test_a_box_that_keeps_makes_the_giver_wait() -> None:
    box = NewestFrame(keeps=True)
    giver = threading.Thread(target=lambda: [box.put(frame(index)) for index in range(20)])
    giver.start()
    taken = [box.take(60.0) for _ in range(20)]
    giver.join(60.0)
    assert [each.index for each in taken if each] == list(range(20))
    assert box.dropped == 0


def test_closing_lets_nobody_wait() -> None:
    box = NewestFrame()
    threading.Timer(0.05, box.close).start()
    began = time.monotonic()
    assert box.take(600.0) is None
    assert time.monotonic() - began < 60.0


def test_a_frame_of_before_a_gap_is_not_handed_out_after_it() -> None:
    box = NewestFrame()
    box.put(frame(0))
    box.empty()
    assert box.take() is None
