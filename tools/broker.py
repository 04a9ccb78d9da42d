"""A mosquitto of one's own, which can be killed, and someone who hears all events at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

_SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


class Broker:
    """mosquitto on a free local port; it remembers who listens when it is killed."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("mosquitto", path=_SEARCHED)
        if program is None:
            sys.exit("mosquitto is not installed: run tools/install_test_servers.sh")
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port: int = listener.getsockname()[1]
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser root\n"
            f"persistence true\npersistence_location {folder}/\n"
            "autosave_interval 1\nautosave_on_changes true\nmax_queued_messages 0\n"
        )
        self._command = [program, "-c", str(config)]
        self.start()

    def start(self) -> None:
        """Start it, on the same port every time."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        sys.exit("mosquitto does not start")

    def kill(self) -> None:
        """Kill it; harmless when it is dead."""
        self._process.kill()
        self._process.wait()


class Ear:
    """Hears all events, in the order in which they arrive."""

    def __init__(self, broker: Broker) -> None:
        self.heard: list[dict[str, Any]] = []
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="ear", clean_session=False
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("+/+/events/#", qos=1)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def _hear(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        self.heard.append(msgspec.json.decode(message.payload))

    def close(self) -> None:
        """Hear no more."""
        self._client.disconnect()
        self._client.loop_stop()
