"""Calls to other machines: one deadline for all that happens until there is an answer."""

from __future__ import annotations

import errno
import http.client
import io
import socket
import ssl
import threading
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from edge_vad.network.deadline import Deadline

_LARGEST_HEAD = 65_536


class Target(NamedTuple):
    """Whom to call.

    Attributes:
        host: Name or address.
        port: The scheme's own when None.
        context: For TLS; None for none.
    """

    host: str
    port: int | None
    context: ssl.SSLContext | None


class Line:
    """A connection of which every step has the time that is left; a socket to http.client.

    Args:
        target: Whom to call.
        deadline: For everything.
        port: Where the target names none.

    Attributes:
        most: Bytes that may come; None for any number.

    Raises:
        OSError: There is no connection in time.
    """

    def __init__(self, target: Target, deadline: Deadline, port: int) -> None:
        self.most: int | None = _LARGEST_HEAD
        self._deadline, self._is_read = deadline, False
        self._line = _connected(target.host, target.port or port, deadline)
        if target.context is not None:
            self._line.settimeout(deadline.left_s())  # for the handshake as a whole
            self._line = target.context.wrap_socket(self._line, server_hostname=target.host)

    def sendall(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            OSError: It is not taken in time.
        """
        rest = memoryview(data)
        while rest:
            self._line.settimeout(self._deadline.left_s())
            rest = rest[self._line.send(rest) :]

    def receive_into(self, buffer: Any) -> int:
        """Receive what comes; returns how much.

        Raises:
            OSError: Nothing comes in time.
            http.client.HTTPException: More comes than may.
        """
        self._line.settimeout(self._deadline.left_s())
        got = self._line.recv_into(buffer)
        if self.most is not None:
            self.most -= got
            if self.most < 0:
                raise http.client.HTTPException("the answer does not end")
        return got

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002
        """What comes, to read from; the connection ends with it."""
        self._is_read = True
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """End the connection, unless something of it is being read, which will."""
        if not self._is_read:
            self.end()

    def end(self) -> None:
        """End the connection."""
        self._line.close()


class _Incoming(io.RawIOBase):
    def __init__(self, line: Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.receive_into(buffer)

    def close(self) -> None:
        super().close()
        self._line.end()


class Connection(http.client.HTTPConnection):
    """Speaks HTTP over a line that has a deadline.

    Args:
        target: Whom to call.
        deadline: For everything.
    """

    def __init__(self, target: Target, deadline: Deadline) -> None:
        self.default_port = 80 if target.context is None else 443
        super().__init__(target.host, target.port)
        self._target, self._deadline = target, deadline
        self.line: Line | None = None

    def connect(self) -> None:
        """Connect, and agree on TLS where it is spoken."""
        self.line = Line(self._target, self._deadline, self.default_port)
        self.sock: Any = self.line


def post(
    target: Target, path: str, body: bytes, headers: Mapping[str, str], timeout_s: float
) -> int:
    """Post a document; redirections are not followed.

    Args:
        target: Whom to call.
        path: With its query.
        body: The document.
        headers: Beside Host and Content-Length.
        timeout_s: For everything: names, connection, TLS, request and the head of the answer.

    Returns:
        The status.

    Raises:
        OSError: There is no answer in time.
        http.client.HTTPException: The answer is none, or longer than any that makes sense.
    """
    deadline = Deadline(timeout_s)
    connection = Connection(target, deadline)
    try:
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    except TimeoutError:
        raise deadline.error() from None
    finally:
        connection.close()
        if connection.line is not None:
            connection.line.end()


def _connected(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address that answers; none takes the others' time."""
    addresses = _addresses(host, port, deadline)
    error: OSError = OSError(errno.EADDRNOTAVAIL, "no address")
    for place, (family, kind, protocol, _, address) in enumerate(addresses):
        line = socket.socket(family, kind, protocol)
        try:
            line.settimeout(deadline.left_s() / (len(addresses) - place))
            line.connect(address)
        except OSError as failed:
            line.close()
            error = failed
        else:
            return line
    raise error


def _addresses(host: str, port: int, deadline: Deadline) -> list[Any]:
    """The addresses of a name; asked for in a thread, as nothing else can be given up."""
    answers: SimpleQueue[list[Any] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except OSError as error:
            answers.put(error)
        except UnicodeError:
            answers.put(OSError(errno.EINVAL, "no name of a host"))

    threading.Thread(target=look_up, name="resolver", daemon=True).start()
    try:
        found = answers.get(timeout=deadline.left_s())
    except Empty:
        raise deadline.error() from None
    if isinstance(found, OSError):
        raise found
    return found
