from __future__ import annotations

import time

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


class Slow(Sink):
    name = "slow"

    def __init__(self):
        self.closed = False

    def close(self, timeout_s):
        time.sleep(0.3)
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


def test_sinks_close_side_by_side_within_the_time():
    slow = [Slow() for _ in range(10)]
    began = time.monotonic()
    SinkGroup(slow).close(2.0)
    assert time.monotonic() - began < 1.5
    assert all(sink.closed for sink in slow)
