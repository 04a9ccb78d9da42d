"""One connection, and the deadlines of its caller."""

from __future__ import annotations

import asyncio
import time
from enum import Enum

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from edge_vad.sinks.http.network import network_of


class Phase(Enum):
    """What a connection waits for."""

    HEAD = "a request"
    BODY = "the rest of a request"
    UPLOAD = "the next part of a long body"
    READING = "the caller, to read on"
    OURS = "our own answer"


LONGEST_S = {
    Phase.HEAD: 5.0,
    Phase.BODY: 5.0,
    Phase.UPLOAD: 20.0,
    Phase.READING: 20.0,
    Phase.OURS: 60.0,
}
"""How long: for the whole of a request's head, or of its body; else for any progress."""
UPLOADED = "edge_vad.uploaded"
"""Key of a request's scope: a route that awaits a long body counts the bytes of it there."""


class TimedConnection(H11Protocol):
    """A connection of uvicorn that can be asked what it waits for.

    Attributes:
        network: Who made it.
        since: Monotonic time since when it waits.
    """

    network = ""
    since = 0.0
    _mark: tuple[object, ...] = ()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.network = network_of(self.client[0] if self.client else "")
        self.look(time.monotonic())

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it; Python 3.10 else takes a TLS connection that was lost for an open one."""
        super().connection_lost(exc)
        self.transport.close()

    @property
    def phase(self) -> Phase:
        """What it waits for."""
        if self._unread():
            return Phase.READING
        if self.cycle is None or self.cycle.response_complete:
            return Phase.HEAD
        if self.cycle.more_body:
            return Phase.UPLOAD if UPLOADED in self.cycle.scope else Phase.BODY
        return Phase.OURS

    def _unread(self) -> int:
        """Bytes that wait for the caller; with TLS beneath it, too, where asyncio counts none."""
        beneath = getattr(getattr(self.transport, "_ssl_protocol", None), "_transport", None)
        below = beneath.get_write_buffer_size() if beneath is not None else 0
        return self.transport.get_write_buffer_size() + below

    def look(self, now: float) -> Phase:
        """See whether it has come on since it was looked at last."""
        phase = self.phase
        uploaded = self.cycle.scope.get(UPLOADED) if self.cycle else None
        mark = (phase, id(self.cycle), self._unread(), uploaded)
        if mark != self._mark:
            self._mark, self.since = mark, now
        return phase

    def is_overdue(self, now: float) -> bool:
        """Whether it has let us wait for too long."""
        return LONGEST_S[self.look(now)] < now - self.since

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; the answer that was under way to it is wanted no more."""
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:  # that answer has begun
            self.transport.close()

    def leave(self) -> None:
        """End it at once; what was sent already arrives."""
        self.transport.abort()


class Handshake:
    """A caller with whom TLS is being agreed on; waited for as for a request.

    Args:
        network: Who it is.
        agreeing: Ends once it is agreed on.

    Attributes:
        network: Who it is.
        since: Monotonic time since when it waits.
    """

    def __init__(self, network: str, agreeing: asyncio.Task[bool]) -> None:
        self.network, self._agreeing = network, agreeing
        self.since = time.monotonic()

    def look(self, now: float) -> Phase:
        """What it waits for."""
        return Phase.HEAD

    def is_overdue(self, now: float) -> bool:
        """Whether it has let us wait for too long."""
        return LONGEST_S[Phase.HEAD] < now - self.since

    def leave(self) -> None:
        """End it at once."""
        self._agreeing.cancel()
