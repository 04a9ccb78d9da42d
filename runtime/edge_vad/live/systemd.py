"""Notifies systemd of the service's state; without systemd it does nothing."""

from __future__ import annotations

import contextlib
import os
import socket
import time


class Notifier:
    """Speaks the protocol of sd_notify(3) to the socket that systemd names.

    Args:
        environment: Where `NOTIFY_SOCKET` and `WATCHDOG_USEC` are looked up.
    """

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        given = dict(os.environ) if environment is None else environment
        self._address = given.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # an abstract socket
            self._address = "\0" + self._address[1:]
        period = given.get("WATCHDOG_USEC", "")
        self._every_s = int(period) / 1e6 / 3 if period.isdigit() else None
        self._reported_s = -float("inf")

    def ready(self) -> None:
        """The service is up."""
        self._notify("READY=1")

    def stopping(self) -> None:
        """The service is going down."""
        self._notify("STOPPING=1")

    def alive(self) -> None:
        """The service works; call it as often as you like."""
        now = time.monotonic()
        if self._every_s is not None and now - self._reported_s >= self._every_s:
            self._reported_s = now
            self._notify("WATCHDOG=1")

    def _notify(self, message: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
        ):
            sender.setblocking(False)
            sender.sendto(message.encode(), self._address)
