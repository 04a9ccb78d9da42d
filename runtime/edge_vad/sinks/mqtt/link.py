"""The connection to the broker: made again whenever it breaks, in order whatever breaks it."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable

from edge_vad.errors import BadInput, Unavailable
from edge_vad.sinks.secret import read_secret
from edge_vad.sinks.settings import MqttSettings

try:
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion
    from paho.mqtt.reasoncodes import ReasonCode
except ImportError as error:
    raise Unavailable(
        "paho-mqtt is not installed", "run pip install 'edge-vad[mqtt]', or leave out the broker"
    ) from error

_KEEPALIVE_S = 20
_CONNECT_S = 3.0
_LONGEST_WAIT_S = 8
_SLICE_S = 0.2
_log = logging.getLogger(__name__)


class Link:
    """A connection to a broker, kept by paho's own thread.

    Messages are handed to paho only while it is connected, and no others before all of these have
    arrived. Those that are under way when the connection breaks are sent again by paho, in order,
    once it is back; so no later message can overtake them.

    Args:
        settings: Where the broker is, and how it knows us.
        client_id: What we are called there.
        available: Topic of whether we are there; our last will says that we are not.
        commands: Topics to listen to; empty for none.
        connected: Called in paho's thread on every connection.
        commanded: Called in paho's thread with the topic and payload of a command.

    Attributes:
        why: Why there is no connection; empty while there is one.

    Raises:
        BadInput: A secret or certificate cannot be read.
    """

    def __init__(
        self,
        settings: MqttSettings,
        client_id: str,
        available: str,
        commands: str,
        connected: Callable[[], None],
        commanded: Callable[[str, bytes], None],
    ) -> None:
        self._port = settings.port or (8883 if settings.tls else 1883)
        self._where = f"the broker {settings.host}:{self._port}"
        self.why = f"{self._where} has not answered yet"
        self._available, self._commands = available, commands
        self._connected, self._commanded = connected, commanded
        self._is_connected = False
        # paho calls back about arrivals, and about a connection that is lost while it sends again,
        # with a lock held that publishing needs, too: so what is held while publishing must not be
        # needed there.
        self._changing = threading.Lock()
        self._arrival = threading.Condition()
        self._arrived: set[int] = set()
        self._host = settings.host
        self._client = self._made(settings, client_id)

    def start(self) -> None:
        """Connect, now and whenever the connection is lost."""
        self._client.connect_async(self._host, self._port, _KEEPALIVE_S)
        self._client.loop_start()

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there."""
        return self._is_connected

    def deliver(self, messages: list[tuple[str, bytes]], stopping: threading.Event) -> int:
        """Deliver messages in order, however long that takes.

        Returns:
            How many have arrived; fewer than all only when `stopping` was set.
        """
        self._arrived.clear()
        numbers: list[int] = []
        while not stopping.is_set() and not (numbers and self._arrived.issuperset(numbers)):
            if not numbers:
                numbers = self._handed_over(messages)
            with self._arrival:
                if not self._arrived.issuperset(numbers) or not numbers:
                    self._arrival.wait(_SLICE_S)
        arrived = [number in self._arrived for number in numbers]
        return arrived.index(False) if False in arrived else len(arrived)

    def keep(self, topic: str, payload: bytes | str) -> None:
        """Have the broker keep this as the topic's newest; lost when there is no connection.

        Were it sent again after a break, as quality of service 1 demands, it could come after
        something newer.
        """
        if self._is_connected:
            self._client.publish(topic, payload, qos=0, retain=True)

    def close(self, timeout_s: float) -> None:
        """Say goodbye, if anyone listens."""
        if self._is_connected:
            farewell = self._client.publish(self._available, "offline", qos=1, retain=True)
            try:
                farewell.wait_for_publish(timeout_s)
            except (RuntimeError, ValueError) as error:
                _log.debug("no farewell: %s", error)
        # Its thread ends by itself; it is not waited for, as it may be about to connect.
        self._client.disconnect()

    def _handed_over(self, messages: list[tuple[str, bytes]]) -> list[int]:
        """Hand messages to paho; it cannot connect anew meanwhile, as its callbacks wait."""
        with self._changing:
            if not self._is_connected:
                return []
            return [self._client.publish(*message, qos=1).mid for message in messages]

    def _made(self, settings: MqttSettings, client_id: str) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        client.connect_timeout = _CONNECT_S
        client.reconnect_delay_set(1, _LONGEST_WAIT_S)
        client.will_set(self._available, "offline", qos=1, retain=True)
        if settings.username is not None:
            password = read_secret(settings.password_env, settings.password_file)
            client.username_pw_set(settings.username, password)
        if settings.tls:
            client.tls_set_context(_context(settings))
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: paho.Client, data: object, flags: object, reason: ReasonCode, more: object
    ) -> None:
        if reason.is_failure:
            self._lost(f"{self._where} refuses us: {reason}")
            return
        if self._commands:
            client.subscribe(self._commands, qos=1)
        # After that, so that whoever sees it can command.
        client.publish(self._available, "online", qos=0, retain=True)
        with self._changing:
            self._is_connected = True
            self.why = ""
        _log.info("connected to %s", self._where)
        self._connected()

    def _on_connect_fail(self, client: paho.Client, data: object) -> None:
        self._lost(f"{self._where} does not answer")

    def _on_disconnect(
        self, client: paho.Client, data: object, flags: object, reason: ReasonCode, more: object
    ) -> None:
        if reason.is_failure:
            self._lost(self.why or f"{self._where} is away ({reason})")

    def _lost(self, why: str) -> None:
        # paho keeps what is handed over after that, and sends it once it has connected anew.
        self._is_connected = False
        if why != self.why:
            _log.warning("%s", why)
        self.why = why

    def _on_publish(
        self, client: paho.Client, data: object, mid: int, reason: ReasonCode, more: object
    ) -> None:
        with self._arrival:
            self._arrived.add(mid)
            self._arrival.notify()

    def _on_message(self, client: paho.Client, data: object, message: paho.MQTTMessage) -> None:
        if not message.retain:  # what was commanded before we came is no command to us
            self._commanded(message.topic, bytes(message.payload))


def _context(settings: MqttSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.cert_file:
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except OSError as error:  # ssl's own errors, too
        raise BadInput(
            f"the certificates for {settings.host} cannot be used ({error.strerror or error})",
            "check ca_file, cert_file and key_file",
        ) from None
    return context
