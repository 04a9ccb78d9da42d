"""The sink that speaks to an MQTT broker."""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_vad.camera_state import CameraState
from edge_vad.errors import WrongUse
from edge_vad.events import ChangeKind, EventChange, WatchedCamera
from edge_vad.opencv import cv2
from edge_vad.sinks.base import Sink, SinkHealth, Site, Tally
from edge_vad.sinks.delivery import Message, Outbox, QueuedMessage, Sender
from edge_vad.sinks.messages import encode, event_message, will_of
from edge_vad.sinks.mqtt.command import read_threshold
from edge_vad.sinks.mqtt.discovery import discovery
from edge_vad.sinks.mqtt.link import Link
from edge_vad.sinks.mqtt.topics import Topics
from edge_vad.sinks.ongoing import OngoingEvents
from edge_vad.sinks.settings import MqttSettings
from edge_vad.sinks.threads.worker import Worker

_AT_ONCE = 20
_PICTURES = 16
_log = logging.getLogger(__name__)


class MqttSink(Sink):
    """Publishes events to a broker, at least once and in order, and the states of cameras.

    Args:
        settings: Where the broker is, and how it knows us.
        spool: The file in which events wait while it is away.
        site: Whose cameras they are, and who takes new thresholds.

    Raises:
        BadInput: A secret or certificate cannot be read, or the spool's folder not be made.
        Unavailable: paho-mqtt is not installed.
    """

    name = "mqtt"

    def __init__(self, settings: MqttSettings, spool: Path, site: Site) -> None:
        self._settings, self._site = settings, site
        self._node = settings.client_id or f"edge-vad-{_host()}"
        self._topics = Topics(settings.prefix, [camera.name for camera in site.cameras])
        self._ongoing = OngoingEvents()
        self._kept: dict[str, str] = {}
        """What stands at topics that are told anew on every connection."""
        self._shown: dict[str, bytes] = {}
        """The newest picture of every camera, which is shown anew, too."""
        commands = self._topics.commands if settings.commands else ""
        self._link = Link(
            settings,
            self._node,
            self._topics.available,
            commands,
            self._publish_discovery,
            self._handle_command,
        )
        outbox = Outbox(spool, settings.spool_mb * 1_000_000)
        self._sender = Sender("mqtt", outbox, self._deliver, _AT_ONCE)
        self._pictures = Worker("mqtt-pictures", self._show, _PICTURES)
        self._link.start()

    def watch(self, cameras: Sequence[WatchedCamera]) -> None:
        """Tell the broker of cameras that are new, and let it forget those that are gone."""
        before, names = self._topics, [camera.name for camera in cameras]
        self._topics = Topics(self._settings.prefix, names)
        for camera in [each for each in before.cameras if each not in names]:
            retained = (before.anomaly, before.state, before.threshold, before.snapshot)
            for topic in [each(camera) for each in retained]:
                self._kept.pop(topic, None)
                self._shown.pop(topic, None)
                self._link.keep(topic, b"")
            self._link.keep(self._discovery_of(camera, before)[0], b"")
        self._publish_discovery()

    def event(self, camera: str, change: EventChange) -> None:
        """Spool the change, and show whether an event goes on."""
        event, kind = change.event, change.kind
        needs_will = kind is not ChangeKind.END and change.position is None
        will = (self._topics.event(camera, ChangeKind.END.value), encode(will_of(event)))
        topic = self._topics.event(camera, kind.value)
        payload = encode(event_message(change))
        message = Message(topic, payload, event.id, will if needs_will else None, change.position)
        self._sender.send(message)
        is_ongoing = self._ongoing.take(change)
        if self._topics.has(camera):
            self._keep(self._topics.anomaly(camera), "ON" if is_ongoing else "OFF")
        if change.snapshot is not None and self._settings.snapshots:
            self._pictures.put((camera, change.snapshot))

    def replay(self, camera: str, change: EventChange) -> None:
        """Spool the change, unless the spool has it."""
        self.event(camera, change)

    def unsaved(self) -> int:
        """Changes that are not in the spool yet."""
        return self._sender.unsaved()

    def tallies(self) -> Sequence[Tally]:
        """How many messages arrived, wait in the spool, and were lost."""
        return (self._sender.tally(),)

    def state(self, camera: str, state: CameraState, at: float) -> None:
        """Tell the camera's state."""
        self._keep(self._topics.state(camera), state.value)

    def threshold(self, camera: str, false_alarms: str, score: float) -> None:
        """Tell the accepted false alarms."""
        self._keep(self._topics.threshold(camera), false_alarms)

    def health(self) -> SinkHealth:
        """Say whether the broker is there, and how many messages wait for it."""
        sending = self._sender.health()
        why = "; ".join(each for each in (self._link.why, sending.why) if each)
        return SinkHealth(not why, why, sending.depth, sending.dropped + self._pictures.dropped)

    def close(self, timeout_s: float) -> None:
        """Deliver what can be delivered; the rest waits on disk for the next start."""
        self._pictures.close(min(1.0, timeout_s))
        # While the broker is away, all there is to do is to spool.
        self._sender.close(timeout_s * (0.7 if self._link.is_connected else 0.3))
        self._link.close(0.2 * timeout_s)

    def _deliver(self, messages: list[QueuedMessage], stopping: threading.Event) -> int | None:
        contents = [(each.message.topic, each.message.payload) for each in messages]
        arrived = self._link.deliver(contents, stopping)
        return messages[arrived - 1].seq if arrived else None

    def _keep(self, topic: str, text: str) -> None:
        if self._kept.get(topic) != text:
            self._kept[topic] = text
            self._link.keep(topic, text)

    def _publish_discovery(self) -> None:
        """Tell a broker that has just come all that it should keep."""
        topics = self._topics
        for camera in topics.cameras:
            self._kept.setdefault(topics.anomaly(camera), "OFF")
            if self._settings.discovery:
                self._link.keep(*self._discovery_of(camera, topics))
        for topic, text in list(self._kept.items()):
            self._link.keep(topic, text)
        for topic, jpeg in list(self._shown.items()):
            self._link.keep(topic, jpeg)

    def _discovery_of(self, camera: str, topics: Topics) -> tuple[str, bytes]:
        settings, node = self._settings, self._node
        commands = settings.commands
        return discovery(settings.discovery, node, camera, topics, _version(), commands=commands)

    def _handle_command(self, topic: str, payload: bytes) -> None:
        camera = self._topics.commanded(topic)
        if camera is None:
            return
        try:
            self._site.accept(camera, read_threshold(payload))
        except WrongUse as error:
            _log.warning("a command for %s is refused: %s", camera, error.what)
            # Whoever sent it sees what is in force.
            topic = self._topics.threshold(camera)
            if topic in self._kept:
                self._link.keep(topic, self._kept[topic])

    def _show(self, pictures: list[tuple[str, NDArray[np.uint8]]]) -> None:
        for camera, image in dict(pictures).items():
            is_encoded, data = cv2.imencode(".jpg", image)
            if is_encoded:
                topic, jpeg = self._topics.snapshot(camera), data.tobytes()
                self._shown[topic] = jpeg
                self._link.keep(topic, jpeg)


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", socket.gethostname())[:32] or "host"


def _version() -> str:
    try:
        return version("edge-vad")
    except PackageNotFoundError:
        return "unknown"
