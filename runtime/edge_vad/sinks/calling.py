"""One request to another machine, with one deadline for all of it."""

from __future__ import annotations

import errno
import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

_LARGEST_ANSWER = 65_536


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


class _Deadline:
    """A point in time until which everything must have happened."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._until = seconds, time.monotonic() + seconds

    def left_s(self) -> float:
        """Seconds that are left.

        Raises:
            TimeoutError: None is.
        """
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise self.error()
        return left_s

    def error(self) -> TimeoutError:
        """That it is over."""
        return TimeoutError(errno.ETIMEDOUT, f"no whole answer within {self._seconds:g} s")


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
    deadline = _Deadline(timeout_s)
    connection = _Connection(target, deadline)
    try:
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    except TimeoutError:
        raise deadline.error() from None
    finally:
        connection.close()


class _Connection(http.client.HTTPConnection):
    """Speaks HTTP over a line that has a deadline."""

    def __init__(self, target: Target, deadline: _Deadline) -> None:
        self.default_port = 80 if target.context is None else 443
        super().__init__(target.host, target.port)
        self._context, self._deadline = target.context, deadline

    def connect(self) -> None:
        """Connect, and agree on TLS where it is spoken."""
        line = _connected(self.host, self.port, self._deadline)
        if self._context is not None:
            line.settimeout(self._deadline.left_s())  # for the handshake as a whole
            line = self._context.wrap_socket(line, server_hostname=self.host)
        self.sock: Any = _Line(line, self._deadline)


class _Line:
    """What http.client asks of a socket, with the time that is left for every step."""

    def __init__(self, line: socket.socket, deadline: _Deadline) -> None:
        self._line, self._deadline = line, deadline
        self.close = line.close

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._line.settimeout(self._deadline.left_s())
            rest = rest[self._line.send(rest) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Answer(self._line, self._deadline))


class _Answer(io.RawIOBase):
    """The bytes of an answer; not without end."""

    def __init__(self, line: socket.socket, deadline: _Deadline) -> None:
        self._line, self._deadline, self._got = line, deadline, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._line.settimeout(self._deadline.left_s())
        got = self._line.recv_into(buffer)
        self._got += got
        if self._got > _LARGEST_ANSWER:
            raise http.client.HTTPException("the answer does not end")
        return got


def _connected(host: str, port: int, deadline: _Deadline) -> socket.socket:
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


def _addresses(host: str, port: int, deadline: _Deadline) -> list[Any]:
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
