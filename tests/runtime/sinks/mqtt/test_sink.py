from __future__ import annotations

import gc
import json
import logging
import ssl
import subprocess
import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
from certificate import self_signed

from edge_vad.camera_state import CameraState
from edge_vad.errors import BadInput
from edge_vad.sinks.mqtt import MqttSink
from edge_vad.sinks.settings import MqttSettings


def told(listener, camera="gate"):
    """What was said of events, oldest first: kind and id."""
    prefix = f"edge-vad/{camera}/events/"
    return [
        (json.loads(payload)["type"], json.loads(payload)["id"])
        for topic, payload in list(listener.heard)
        if topic.startswith(prefix)
    ]


def three(events, sink, at):
    """An event from its beginning to its end; returns what has to be said of it."""
    event = events.live(events.recent + at)
    for change in (events.new(event), events.update(event), events.end(event)):
        sink.event("gate", change)
    return [(kind, event.id) for kind in ("new", "update", "end")]


def test_events_are_told_with_all_there_is_to_know(sink, listener, events):
    event = events.live(zone="door")
    sink.event("gate", events.new(event))
    sink.event("gate", events.end(replace(event, end=event.end + 5)))
    events.eventually(lambda: len(told(listener)) == 2)
    (new,), (end,) = listener.payloads("events/new"), listener.payloads("events/end")
    assert json.loads(new) == {
        "type": "new",
        "id": event.id,
        "camera": "gate",
        "zone": "door",
        "state": "ongoing",
        "start": event.start,
        "end": event.end,
        "peak": event.peak,
        "score": 3.5,
        "threshold": 2.0,
        "box": [10, 20, 30, 40],
        "normal_per_hour": 0.01,
        "rarity": event.rarity,
    }
    assert json.loads(end)["state"] == "ended"
    events.eventually(lambda: listener.kept.get("edge-vad/gate/anomaly") == b"OFF")
    picture = events.eventually(lambda: listener.kept.get("edge-vad/gate/snapshot"))
    assert cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape == (48, 64, 3)


def test_states_and_thresholds_stand_at_the_broker_for_who_comes_later(
    sink, broker, make_listener, events
):
    sink.state("back yard", CameraState.FROZEN, 5.0)
    sink.threshold("gate", "3/day", 2.0)
    events.eventually(lambda: sink.health().ok)
    listener = make_listener(broker)
    events.eventually(lambda: len(listener.kept) >= 7)
    events.eventually(lambda: listener.kept.get("edge-vad/available") == b"online")
    events.eventually(lambda: listener.kept.get("edge-vad/back_yard/state") == b"frozen")
    events.eventually(lambda: listener.kept.get("edge-vad/gate/threshold") == b"3/day")
    events.eventually(lambda: listener.kept.get("edge-vad/gate/anomaly") == b"OFF")


def test_home_assistant_is_told_of_every_camera(sink, listener, events):
    def configs():
        kept = dict(listener.kept).items()
        return [json.loads(payload) for topic, payload in kept if topic.endswith("/config")]

    events.eventually(lambda: len(configs()) >= 2)
    assert {config["device"]["name"] for config in configs()} == {"gate", "back yard"}
    (gate,) = (config for config in configs() if config["device"]["name"] == "gate")
    topics = {name: part.get("state_topic") for name, part in gate["components"].items()}
    assert topics == {
        "anomaly": "edge-vad/gate/anomaly",
        "state": "edge-vad/gate/state",
        "snapshot": None,
        "threshold": "edge-vad/gate/threshold",
    }
    assert gate["availability_topic"] == "edge-vad/available"


def test_it_says_when_it_comes_and_when_it_goes(broker, make_sink, make_listener, events):
    listener = make_listener(broker)
    sink = make_sink(broker.port)
    events.eventually(lambda: listener.kept.get("edge-vad/available") == b"online")
    sink.close(2)
    events.eventually(lambda: listener.kept["edge-vad/available"] == b"offline")


def test_a_command_changes_the_threshold_of_its_camera_alone(sink, listener, site, events):
    events.eventually(lambda: listener.kept.get("edge-vad/available") == b"online")
    listener.say("edge-vad/back_yard/threshold/set", b" 6/hour ")
    assert events.eventually(lambda: site.accepted) == [("back yard", "6/hour")]


def test_commands_that_mean_nothing_change_nothing_and_the_standing_one_is_told(
    sink, listener, site, events, caplog
):
    events.eventually(lambda: listener.kept.get("edge-vad/available") == b"online")
    sink.threshold("gate", "3/day", 2.0)
    events.eventually(lambda: listener.payloads("gate/threshold"))
    with caplog.at_level(logging.WARNING):
        for payload in (b"", b"\xff\xfe", b"0/day", b"x" * 100_000, b"1/day; rm -rf /"):
            listener.say("edge-vad/gate/threshold/set", payload)
        events.eventually(lambda: len([r for r in caplog.records if "refused" in r.message]) == 5)
        events.eventually(lambda: len(listener.payloads("gate/threshold")) >= 6)
    assert site.accepted == []
    assert set(listener.payloads("gate/threshold")) == {b"3/day"}
    listener.say("edge-vad/cellar/threshold/set", b"1/day")
    listener.say("edge-vad/gate/threshold/set", b"2/day")
    assert events.eventually(lambda: site.accepted) == [("gate", "2/day")]


def test_a_command_of_before_we_came_is_none(broker, make_sink, make_listener, site, events):
    listener = make_listener(broker)
    listener.say("edge-vad/gate/threshold/set", b"6/hour", retain=True)
    make_sink(broker.port)
    events.eventually(lambda: listener.kept.get("edge-vad/available") == b"online")
    listener.say("edge-vad/gate/threshold/set", b"7/hour")
    assert events.eventually(lambda: site.accepted) == [("gate", "7/hour")]


def test_commands_can_be_switched_off(broker, make_sink, make_listener, site, events):
    listener = make_listener(broker)
    sink = make_sink(broker.port, commands=False)
    events.eventually(lambda: listener.kept.get("edge-vad/available") == b"online")
    listener.say("edge-vad/gate/threshold/set", b"7/hour")
    sink.event("gate", events.new(events.live()))
    events.eventually(lambda: told(listener))
    assert site.accepted == []


def test_while_the_broker_is_away_events_wait_and_come_in_order(sink, broker, listener, events):
    expected = three(events, sink, 0)
    events.eventually(lambda: len(told(listener)) == 3)
    broker.kill()
    events.eventually(lambda: not sink.health().ok)
    for at in range(1, 200):
        expected += three(events, sink, at)
    events.eventually(lambda: sink.health().depth == 3 * 199)
    assert "away" in sink.health().why or "not answer" in sink.health().why
    broker.start()
    events.eventually(lambda: len(set(told(listener))) >= len(expected))
    assert list(dict.fromkeys(told(listener))) == expected
    events.eventually(lambda: sink.health().ok and sink.health().depth == 0)


def test_a_broker_that_dies_over_and_over_gets_all_in_order(sink, broker, listener, events):
    expected = []
    for at in range(6):
        for more in range(30):
            expected += three(events, sink, at * 30 + more)
        broker.kill()
        broker.start()
    events.eventually(lambda: set(told(listener)) >= set(expected))
    assert list(dict.fromkeys(told(listener))) == expected


def test_a_connection_that_is_lost_while_messages_are_handed_over_holds_nothing_up(
    sink, broker, listener, events
):
    link = sink._link
    events.eventually(lambda: link.is_connected)
    with link._client._out_message_mutex:  # paho holds it while it sends again, and loses
        expected = three(events, sink, 0)
        events.eventually(link._changing.locked)
        losing = threading.Thread(target=link._lost, args=("away",), daemon=True)
        losing.start()
        losing.join(60)
        assert not losing.is_alive()
        assert not link.is_connected
    events.eventually(lambda: told(listener) == expected)


def test_what_was_not_delivered_is_delivered_by_the_next_run(
    make_sink, make_broker, make_listener, events
):
    broker = make_broker()
    broker.kill()
    first = make_sink(broker.port)
    expected = three(events, first, 0)
    events.eventually(lambda: not first.unsaved())
    first.close(2)
    broker.start()
    listener = make_listener(broker)
    second = make_sink(broker.port)
    expected += three(events, second, 1)
    events.eventually(lambda: len(told(listener)) >= 6)
    assert told(listener) == expected


def test_a_full_disk_keeps_nothing_from_the_broker(
    broker, listener, site, small_disk, fill_disk, events
):
    settings = MqttSettings(host="localhost", port=broker.port)
    sink = MqttSink(settings, small_disk / "spool" / "mqtt.sqlite", site)
    expected = three(events, sink, 0)
    events.eventually(lambda: len(told(listener)) == 3)
    ballast = fill_disk(small_disk)
    for at in range(1, 21):
        expected += three(events, sink, at)
    events.eventually(lambda: len(told(listener)) >= len(expected))
    assert told(listener) == expected
    ballast.unlink()
    expected += three(events, sink, 30)
    events.eventually(lambda: sink.health().ok and sink.health().depth == 0)
    events.eventually(lambda: len(told(listener)) >= len(expected))
    assert told(listener) == expected
    sink.close(2)


def test_credentials_come_from_the_environment_or_a_file(
    make_broker, make_sink, make_listener, tmp_path, monkeypatch, events, mosquitto
):
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "us", "secret"], check=True)
    broker = make_broker(f"allow_anonymous false\npassword_file {passwords}")
    listener = make_listener(broker, username="us", password="secret")
    monkeypatch.setenv("BROKER_PASSWORD", "secret")
    sink = make_sink(broker.port, username="us", password_env="BROKER_PASSWORD")
    events.eventually(lambda: listener.kept.get("edge-vad/available") == b"online")
    sink.close(2)
    (tmp_path / "wrong").write_text("wrong-password\n")
    sink = make_sink(broker.port, username="us", password_file=str(tmp_path / "wrong"))
    events.eventually(lambda: "refuses us" in sink.health().why)
    assert "wrong-password" not in sink.health().why


def test_a_secret_that_is_not_there_is_an_error_at_once(make_sink, tmp_path):
    with pytest.raises(BadInput, match="NO_SUCH_VARIABLE is not set"):
        make_sink(1, username="us", password_env="NO_SUCH_VARIABLE")
    with pytest.raises(BadInput, match="cannot be read"):
        make_sink(1, username="us", password_file=str(tmp_path / "nothing"))


# paho leaves the socket of a handshake that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_tls_is_spoken_and_a_stranger_is_not_trusted(
    make_broker, make_sink, make_listener, tmp_path, events
):
    made = self_signed(tmp_path)
    ours, strange = str(made.cert), str(self_signed(tmp_path, "strange").cert)
    broker = make_broker(f"certfile {ours}\nkeyfile {made.key}\nallow_anonymous true")
    listener = make_listener(broker, context=ssl.create_default_context(cafile=ours))
    sink = make_sink(broker.port, tls=True, ca_file=ours)
    events.eventually(lambda: listener.kept.get("edge-vad/available") == b"online")
    sink.close(2)
    sink = make_sink(broker.port, tls=True, ca_file=strange)
    events.eventually(lambda: "does not answer" in sink.health().why)
    sink.close(2)
    events.eventually(lambda: sum("paho" in each.name for each in threading.enumerate()) == 1)
    gc.collect()
    with pytest.raises(BadInput, match="certificates"):
        make_sink(broker.port, tls=True, ca_file=str(tmp_path / "nothing"))


def test_an_anomaly_goes_on_until_the_events_of_all_zones_are_over(sink, listener, events):
    door, road = (events.live(events.recent + n, zone=name) for n, name in enumerate("ab"))
    for change in (events.new(door), events.new(road), events.end(door)):
        sink.event("gate", change)
    sink.state("gate", CameraState.LIVE, 0.0)  # what was said of the anomaly comes before it
    events.eventually(lambda: "edge-vad/gate/state" in listener.kept)
    events.eventually(lambda: len(told(listener)) == 3)
    assert listener.kept["edge-vad/gate/anomaly"] == b"ON"
    sink.event("gate", events.end(road))
    events.eventually(lambda: listener.kept["edge-vad/gate/anomaly"] == b"OFF")


def test_the_broker_forgets_a_camera_that_is_gone_and_hears_of_one_that_is_new(
    sink, site, listener, events
):
    sink.state("gate", CameraState.LIVE, 0.0)
    events.eventually(lambda: "edge-vad/gate/state" in listener.kept)
    (config,) = events.eventually(
        lambda: [topic for topic in list(listener.kept) if "_gate/config" in topic]
    )
    first = site.cameras[0]
    sink.watch([replace(first, name="garden")])
    events.eventually(lambda: not listener.kept.get("edge-vad/gate/state"))
    events.eventually(lambda: not listener.kept.get(config))
    events.eventually(lambda: listener.kept.get(config.replace("_gate/", "_garden/")))
    events.eventually(lambda: listener.kept.get("edge-vad/garden/anomaly") == b"OFF")
    sink.event("gate", events.end(events.live()))  # what still comes of it is told
    events.eventually(lambda: told(listener))
    assert not listener.kept.get("edge-vad/gate/anomaly")
