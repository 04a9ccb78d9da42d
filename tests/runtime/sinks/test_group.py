from __future__ import annotations

import threading

from edge_vad.camera_state import CameraState
from edge_vad.sinks.base import Sink, SinkHealth
from edge_vad.sinks.group import SinkGroup


class Hearing(Sink):
    name = "hearing"

    def __init__(self):
        self.heard = []

    def state(self, camera, state, at):
        self.heard.append((camera, state, at))

    def health(self):
        return SinkHealth(True, "", 2, 1)


class Meeting(Sink):
    """Closes once all others are about to close, too."""

    name = "meeting"

    def __init__(self, place):
        self.closed = False
        self._place = place

    def close(self, timeout_s):
        self._place.wait(timeout_s)
        self.closed = True


class Broken(Sink):
    name = "broken"

    def state(self, camera, state, at):
        raise RuntimeError("oh")


def test_a_sink_that_fails_keeps_nothing_from_the_others_and_is_told_of():
    hearing = Hearing()
    group = SinkGroup([Broken(), hearing])
    assert group.health() == SinkHealth(True, "", 2, 1)
    group.state("gate", CameraState.FROZEN, 5.0)
    assert hearing.heard == [("gate", CameraState.FROZEN, 5.0)]
    assert group.health() == SinkHealth(False, "broken: failed with RuntimeError", 2, 1)
    group.close(1.0)


def test_sinks_close_side_by_side():
    place = threading.Barrier(10)
    sinks = [Meeting(place) for _ in range(10)]
    SinkGroup(sinks).close(60.0)
    assert all(sink.closed for sink in sinks)
