"""A real broker that can be killed, and someone who listens to it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from free_port import free_port
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge_vad.errors import WrongUse
from edge_vad.events import WatchedCamera
from edge_vad.false_alarms import parse_rate
from edge_vad.sinks.mqtt import MqttSink
from edge_vad.sinks.settings import MqttSettings

SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


class Broker:
    """mosquitto on a port of its own; it remembers sessions when it is killed."""

    def __init__(self, program: str, folder: Path, settings: str) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\n"
            f"persistence true\npersistence_location {folder}/\n"
            "autosave_interval 1\nautosave_on_changes true\nmax_queued_messages 0\n"
            f"user root\n{settings or 'allow_anonymous true'}\n"
        )
        self._program = program
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert self._process.poll() is None, "the broker does not start"
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("the broker does not answer")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


class Listener:
    """Hears all topics; the broker keeps for it what comes while it is away."""

    def __init__(self, broker: Broker, **settings: object) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.kept: dict[str, bytes] = {}
        self._subscribed = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="listener", clean_session=False
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._hear
        if "username" in settings:
            self._client.username_pw_set(settings["username"], settings["password"])
        if "context" in settings:
            self._client.tls_set_context(settings["context"])
        self._client.connect("localhost", broker.port)
        self._client.loop_start()
        assert self._subscribed.wait(60)

    def _hear(self, client, data, message):
        self.heard.append((message.topic, message.payload))
        self.kept[message.topic] = message.payload

    def say(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(60)

    def payloads(self, ending: str) -> list[bytes]:
        return [payload for topic, payload in list(self.heard) if topic.endswith(ending)]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class FakeSite:
    """A live loop's face, with two cameras."""

    def __init__(self, card: object) -> None:
        self.cameras = [WatchedCamera(name, card, 10.0) for name in ("gate", "back yard")]
        self.budget: str | None = None
        self.accepted: list[tuple[str, str]] = []

    def status(self):
        return []

    def false_alarms(self, camera):
        return "1/day"

    def accept(self, camera, false_alarms):
        if camera not in {each.name for each in self.cameras}:
            raise WrongUse("no such camera", "name one")
        parse_rate(false_alarms)
        self.accepted.append((camera, false_alarms))

    def pause(self, paused): ...

    def stop(self): ...


@pytest.fixture(scope="session")
def mosquitto(events: SimpleNamespace) -> str:
    return shutil.which("mosquitto", path=SEARCHED) or events.lacking("mosquitto is not installed")


@pytest.fixture
def make_broker(mosquitto: str, tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    made = []

    def make(settings: str = "") -> Broker:
        folder = tmp_path / "broker"
        folder.mkdir()
        made.append(Broker(mosquitto, folder, settings))
        return made[-1]

    yield make
    for broker in made:
        broker.kill()


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    return make_broker()


@pytest.fixture
def make_listener() -> Iterator[Callable[..., Listener]]:
    made = []

    def make(broker: Broker, **settings: object) -> Listener:
        made.append(Listener(broker, **settings))
        return made[-1]

    yield make
    for listener in made:
        listener.close()


@pytest.fixture
def listener(broker: Broker, make_listener: Callable[..., Listener]) -> Listener:
    return make_listener(broker)


@pytest.fixture
def site(make: SimpleNamespace) -> FakeSite:
    return FakeSite(make.card())


@pytest.fixture
def make_sink(site: FakeSite, tmp_path: Path) -> Iterator[Callable[..., MqttSink]]:
    made = []

    def make(port: int, **settings: object) -> MqttSink:
        settings = {"host": "localhost", "port": port, **settings}
        sink = MqttSink(MqttSettings(**settings), tmp_path / "spool" / "mqtt.sqlite", site)
        made.append(sink)
        return sink

    yield make
    for sink in made:
        sink.close(2)


@pytest.fixture
def sink(broker: Broker, make_sink: Callable[..., MqttSink]) -> MqttSink:
    return make_sink(broker.port)
