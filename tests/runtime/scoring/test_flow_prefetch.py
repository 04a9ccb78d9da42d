from __future__ import annotations

import threading

import numpy as np
import pytest

from edge_vad.errors import BadInput
from edge_vad.frame import Frame
from edge_vad.scoring.detector import load
from edge_vad.sources import Source, open_source


class Footage(Source):
    """Frames from memory, with gaps, and broken off where a test wants it."""

    name, fps = "footage", 10.0

    def __init__(self, pictures, indices=None, breaks=False):
        self._pictures, self._breaks = pictures, breaks
        self._indices = indices or range(len(pictures))

    def __iter__(self):
        for index, picture in zip(self._indices, self._pictures, strict=True):
            yield Frame(picture, index, index / self.fps)
        if self._breaks:
            raise BadInput("it breaks off", "copy it again")


def watched(scene, source, ahead):
    with load(scene, threads=1) as detector:
        return [
            (each.frame.index, each.score, each.box, each.anomaly_map.copy())
            for each in detector.watch(source, ahead=ahead)
        ]


def same(ours, theirs):
    assert [each[:3] for each in ours] == [each[:3] for each in theirs]
    for (*_, our_map), (*_, their_map) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(our_map, their_map)


@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("size", [None, (96, 128)])
def test_looking_ahead_changes_no_score(tiny_scene, make, threads, size):
    pictures = make.movement()
    if size:  # every frame is resized, into memory that is used again
        pictures = [np.kron(each, np.ones((2, 2, 1), np.uint8)) for each in pictures]
        assert pictures[0].shape[:2] == size
    scene = tiny_scene()
    same(watched(scene, Footage(pictures), threads), watched(scene, Footage(pictures), 0))


def test_a_hole_empties_the_window_all_the_same(tiny_scene, make):
    pictures = make.movement()
    indices = [*range(17), *range(40, 63)]
    scene = tiny_scene()
    ours = watched(scene, Footage(pictures, indices), 3)
    same(ours, watched(scene, Footage(pictures, indices), 0))
    assert ours[17][1] == 0.0


def test_pictures_that_come_again_do_so_all_the_same(tiny_scene, make):
    pictures = [each for each in make.movement() for _ in range(2)]
    pictures[20:20] = [pictures[20]] * 30
    scene = tiny_scene()
    same(watched(scene, Footage(pictures), 3), watched(scene, Footage(pictures), 0))


def test_footage_of_another_rate_is_paced_all_the_same(tiny_scene, make):
    indices = [3 * index // 2 for index in range(40)]
    scene = tiny_scene(fps=25.0)
    ours = watched(scene, Footage(make.movement(), indices), 3)
    same(ours, watched(scene, Footage(make.movement(), indices), 0))
    assert len(ours) == 40


def test_footage_of_a_single_frame_or_none(tiny_scene, make):
    scene = tiny_scene()
    assert len(watched(scene, Footage(make.movement(1)), 2)) == 1
    assert watched(scene, Footage([]), 2) == []


def test_what_breaks_off_gives_every_frame_before_it(tiny_scene, make):
    seen = []

    def watch(detector):
        for each in detector.watch(Footage(make.movement(7), breaks=True), ahead=3):
            seen.append(each.frame.index)  # noqa: PERF401 - what came before the error counts

    with load(tiny_scene(), threads=1) as detector:
        with pytest.raises(BadInput, match="breaks off"):
            watch(detector)
        assert seen == list(range(7))


def test_leaving_early_leaves_no_thread_behind(tiny_scene, make):
    def measuring() -> list[str]:
        names = (each.name for each in threading.enumerate())
        return [name for name in names if name.startswith("flow")]

    with load(tiny_scene(), threads=1) as detector:
        before = set(threading.enumerate())  # a thread of the backend's sees to its deadlines
        detections = detector.watch(Footage(make.movement()), ahead=3)
        for _ in range(5):
            next(detections)
        assert measuring()
        detections.close()
        assert not measuring()
        assert {each for each in threading.enumerate() if each.name != "deadline"} <= before


def test_a_recording_is_looked_ahead_into_by_itself(tiny_scene, clip, monkeypatch):
    monkeypatch.setattr("edge_vad.scoring.detector.usable_cores", lambda: 3)
    names = set()
    with load(tiny_scene(), threads=1) as detector, open_source(clip) as source:
        for _ in detector.watch(source):
            names |= {thread.name for thread in threading.enumerate()}
    assert any(name.startswith("flow") for name in names)


def test_a_camera_is_not(tiny_scene, make, monkeypatch):
    monkeypatch.setattr("edge_vad.scoring.detector.usable_cores", lambda: 3)
    with load(tiny_scene(), threads=1) as detector:
        for _ in detector.watch(Footage(make.movement(5))):
            assert not any(each.name.startswith("flow") for each in threading.enumerate())
