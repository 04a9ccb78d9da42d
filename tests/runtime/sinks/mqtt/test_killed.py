from __future__ import annotations

import json
import subprocess
import sys

# Tells of events without end, and says so when it has spooled one.
RUNTIME = """
import sqlite3, sys, time
from pathlib import Path
from types import SimpleNamespace
from edge_vad.alarms.identity import event_id
from edge_vad.detection import Box
from edge_vad.events import *
from edge_vad.sinks.mqtt import MqttSink
from edge_vad.sinks.settings import MqttSettings

site = SimpleNamespace(cameras=[SimpleNamespace(name="gate")])
sink = MqttSink(MqttSettings(host="localhost", port=int(sys.argv[1])), Path(sys.argv[2]), site)
on_disk = sqlite3.connect(sys.argv[2])
for number in range(int(sys.argv[3])):
    at = time.time()
    event = LiveEvent(event_id(at), "gate", at, at, at, 3.0, 2.0, Box(0, 0, 1, 1))
    for kind in ChangeKind:
        sink.event("gate", EventChange(kind, event))
        told = 3 * number + list(ChangeKind).index(kind) + 1
        while on_disk.execute("SELECT count(*) FROM messages").fetchone()[0] < told:
            time.sleep(0.001)  # the spool is written by another thread
        if number == int(sys.argv[3]) - 1 and kind is ChangeKind.UPDATE:
            print(event.id, flush=True)  # in the middle of an event
            time.sleep(60)
    print(event.id, flush=True)
"""


def test_across_a_kill_every_event_arrives_once_the_broker_is_back(
    make_broker, make_listener, make_sink, tmp_path, events
):
    broker = make_broker()
    make_listener(broker).close()  # so that the broker keeps for it what comes
    broker.kill()
    spool = tmp_path / "spool" / "mqtt.sqlite"
    words = [sys.executable, "-c", RUNTIME, str(broker.port), str(spool), "40"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as runtime:
        ids = [runtime.stdout.readline().strip() for _ in range(40)]
        runtime.kill()
    broker.start()
    listener = make_listener(broker)
    sink = make_sink(broker.port)
    later = events.live()
    sink.event("gate", events.new(later))
    expected = [(kind, each) for each in ids for kind in ("new", "update", "end")]
    expected += [("new", later.id)]
    told = events.eventually(
        lambda: (
            (heard := [json.loads(p) for t, p in list(listener.heard) if "/events/" in t])
            and heard[-1]["id"] == later.id
            and heard
        )
    )
    assert [(each["type"], each["id"]) for each in told] == expected
    assert [each["state"] for each in told[-4:]] == [
        "ongoing",
        "ongoing",
        "interrupted",
        "ongoing",
    ]
