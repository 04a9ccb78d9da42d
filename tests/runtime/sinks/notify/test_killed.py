from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

# Tells of events until it is killed; its clock may be ahead.
RUNTIME = """
import sys, time
from pathlib import Path
from edge_vad.alarms.identity import event_id
from edge_vad.detection import Box
from edge_vad.events import ChangeKind, EventChange, LiveEvent
from edge_vad.sinks.notify import sink as notify_sink
from edge_vad.sinks.notify.sink import Notify
from edge_vad.sinks.notify_settings import NotifySettings

spool, first, last, ahead_s = Path(sys.argv[1]), *map(int, sys.argv[2:])
notify_sink._STEP_S = 0.05
settings = NotifySettings(name="phone", address_env="PHONE", time_zone="UTC")
sink = Notify(settings, spool, spool.parent, lambda: time.time() + ahead_s)
for number in range(first, last):
    at = time.time()
    event = LiveEvent(event_id(at), f"camera{number}", at, at, at, 3.0, 2.0, Box(0, 0, 1, 1))
    sink.event(event.camera, EventChange(ChangeKind.NEW, event))
while sink.unsaved():
    time.sleep(0.001)
print("spooled", flush=True)
time.sleep(300)
"""


@pytest.fixture
def start(receiver, tmp_path):
    running = []

    def start(first, last, ahead_s=0):
        words = [sys.executable, "-c", RUNTIME, str(tmp_path / "spool" / "notify-phone.sqlite")]
        words += map(str, (first, last, ahead_s))
        environment = {**os.environ, "PHONE": receiver.address}
        runtime = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
        running.append(runtime)
        assert runtime.stdout.readline() == "spooled\n"
        return runtime

    yield start
    for runtime in running:
        runtime.kill()
        runtime.wait()
        runtime.stdout.close()


def test_kills_lose_no_event_and_let_no_more_through_than_the_limit(
    receiver, events, start, tmp_path
):
    schedule = tmp_path / "spool" / "notify-phone.json"
    for killed in range(5):
        runtime = start(10 * killed, 10 * (killed + 1))
        before = len(receiver.messages)
        if before < 10:
            events.eventually(lambda: len(receiver.messages) > before)  # noqa: B023
        runtime.kill()
        runtime.wait()
    runtime = start(50, 50)
    events.eventually(lambda: json.loads(schedule.read_text())["held"], 300)
    runtime.kill()
    runtime.wait()
    start(50, 50, ahead_s=3600)
    (digest,) = events.eventually(
        lambda: [each for each in receiver.messages if "unusual events" in each.title], 300
    )
    alone = [each.title.partition(":")[0] for each in receiver.messages if each != digest]
    assert all(name.startswith("camera") for name in alone)
    # A message that was on its way at a kill is counted, and goes once more.
    assert len(alone) <= 10
    assert int(digest.title.split()[0]) + len(set(alone)) >= 50
