"""Limits connections, in all and from one caller, and decides which is closed when all are used."""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
import socket
import ssl
import time
from collections.abc import Callable, Iterable

from edge_vad.sinks.http.connection import Handshake, Phase, TimedConnection
from edge_vad.sinks.http.network import network_of

_BUSY = (Phase.OURS, Phase.UPLOAD)
"""What is never cut off to make room."""
_SHARE = 16
"""The server has at most one descriptor of so many: others are for cameras, clips, events."""
_FEWEST = 4
_CHECK_EVERY_S = 0.5
_PACE_S, _CROWD_S = 0.002, 0.005
"""Pauses after each connection, and where somebody had to leave: a flood costs no cameras."""
_NO_DESCRIPTOR_S = 1.0
_log = logging.getLogger(__name__)


class ConnectionLimiter:
    """Accepts connections while there is room; whoever let us wait longest leaves for a newcomer.

    So a caller who sends what he wants is heard however many others hold their connections and say
    nothing. The kernel holds those that are not accepted yet, at no cost of descriptors.

    Args:
        listener: The port.
        connections: All connections there are; uvicorn keeps the set.
        most: Connections at a time, at most; fewer where the process may have few descriptors.
        context: For TLS; None for none.
    """

    def __init__(
        self,
        listener: socket.socket,
        connections: Iterable[TimedConnection],
        most: int,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._listener, self._connections, self._context = listener, connections, context
        self._handshakes: set[Handshake] = set()
        self.most = max(_FEWEST, min(most, _descriptors() // _SHARE))
        self.most_of_one = max(_FEWEST // 2, self.most // 2)
        listener.setblocking(False)

    async def keep(self, protocol: Callable[[], TimedConnection]) -> None:
        """Accept and watch connections until cancelled.

        Args:
            protocol: Makes what handles a connection.
        """
        try:
            await asyncio.gather(self._let_in(protocol), self._watch())
        finally:
            for each in list(self._handshakes):
                each.leave()

    async def _let_in(self, protocol: Callable[[], TimedConnection]) -> None:
        while True:
            await self._accept(protocol)
            await asyncio.sleep(_PACE_S)

    async def _accept(self, protocol: Callable[[], TimedConnection]) -> None:
        loop = asyncio.get_running_loop()
        try:
            connection, peer = await loop.sock_accept(self._listener)
        except OSError as error:
            await self._log_exhaustion(error)
            return
        is_in = False
        try:
            network = network_of(peer[0])
            if await self._has_room(network):
                await self._admit(protocol, connection, network)
                is_in = True
        except OSError as error:
            await self._log_exhaustion(error)
        finally:
            if not is_in:
                connection.close()

    async def _admit(
        self, protocol: Callable[[], TimedConnection], connection: socket.socket, network: str
    ) -> None:
        """Serve a connection; nobody else waits until TLS is agreed on."""
        loop = asyncio.get_running_loop()
        if self._context is None:
            await loop.connect_accepted_socket(protocol, connection)
            return
        agreeing = loop.create_task(_agreed(protocol, connection, self._context))
        handshake = Handshake(network, agreeing)
        self._handshakes.add(handshake)

        def ended(task: asyncio.Task[bool]) -> None:
            self._handshakes.discard(handshake)
            if task.cancelled() or not task.result():
                connection.close()

        agreeing.add_done_callback(ended)

    async def _has_room(self, network: str) -> bool:
        """Whether one more may come in, now that somebody has left if need be."""
        crowd = self._crowd(network)
        if not crowd:
            return True
        now = time.monotonic()
        waiting = [each for each in crowd if each.look(now) not in _BUSY]
        if waiting:
            min(waiting, key=lambda each: each.since).leave()
        await asyncio.sleep(_CROWD_S)
        return bool(waiting)

    def _everybody(self) -> list[TimedConnection | Handshake]:
        return [*self._connections, *self._handshakes]

    def _crowd(self, network: str) -> list[TimedConnection | Handshake]:
        """Of whom one must leave before anybody of this network comes in; nobody, usually."""
        everybody = self._everybody()
        own = [each for each in everybody if each.network == network]
        if len(own) >= self.most_of_one:
            return own
        return everybody if len(everybody) >= self.most else []

    async def _log_exhaustion(self, error: OSError) -> None:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
            _log.warning("nobody can be let in: %s", error.strerror)
            await asyncio.sleep(_NO_DESCRIPTOR_S)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_EVERY_S)
            now = time.monotonic()
            for connection in [each for each in self._everybody() if each.is_overdue(now)]:
                connection.leave()


async def _agreed(
    protocol: Callable[[], TimedConnection], connection: socket.socket, context: ssl.SSLContext
) -> bool:
    """Agree on TLS; returns whether that was done: who speaks none is no fault of ours."""
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_accepted_socket(protocol, connection, ssl=context)
    except OSError:
        return False
    return True


def _descriptors() -> int:
    """How many descriptors the process may have."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft
