from __future__ import annotations

from edge_vad.live.states import CameraState
from edge_vad.sinks.base import Sink, SinkHealth
from edge_vad.sinks.bus import Bus


class Hearing(Sink):
    name = "hearing"

    def __init__(self):
        self.heard = []

    def state(self, camera, state, at):
        self.heard.append((camera, state, at))

    def health(self):
        return SinkHealth(True, "", 2, 1)


class Broken(Sink):
    name = "broken"

    def state(self, camera, state, at):
        raise RuntimeError("oh")


def test_a_sink_that_fails_keeps_nothing_from_the_others_and_is_told_of():
    hearing = Hearing()
    bus = Bus([Broken(), hearing])
    assert bus.health() == SinkHealth(True, "", 2, 1)
    bus.state("gate", CameraState.FROZEN, 5.0)
    assert hearing.heard == [("gate", CameraState.FROZEN, 5.0)]
    assert bus.health() == SinkHealth(False, "broken: failed with RuntimeError", 2, 1)
    bus.close(1.0)
