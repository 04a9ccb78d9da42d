"""Asks a box by HTTP; whatever it answers is bounded in size and time, and checked."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from edge_vad.network.deadline import Deadline
from edge_vad.network.http_client import Connection
from edge_vad.site.boxes import SiteBox

_TIMEOUT_S = 10.0
_STREAM_S = 120.0
"""For the whole of what is sent in pieces."""
_PIECE = 1 << 18
_FRAMING = 65_536
"""Bytes beside the body, as of its chunks."""
_UNCHANGED, _NOT_FOUND = 304, 404
_PASSED_ON = {
    "content-length": re.compile(r"[0-9]+"),
    "content-range": re.compile(r"bytes [0-9]+-[0-9]+/[0-9]+"),
    "accept-ranges": re.compile(r"bytes"),
}
"""Headers that are passed on, and what they may say."""
_OF_STATUS = {
    401: "it refuses the token",
    421: "its page does not go by this name: add it to hosts in its [sinks.page]",
    429: "it was sent too many wrong tokens",
}


class BoxAway(Exception):
    """A box that does not answer as it should; the text says why, in words of ours alone."""


class NotThere(BoxAway):
    """A box that answers, and does not have what it is asked for."""


class BoxAnswer(NamedTuple):
    """What a box answered.

    Attributes:
        body: None where it has not changed.
        tag: Its `ETag`, to be asked by again.
    """

    body: bytes | None
    tag: str


class BoxStream:
    """A body that comes in pieces.

    Attributes:
        status: Of HTTP, 200 or 206.
        headers: Those that may be passed on.
        kind: Media type.
    """

    def __init__(self, connection: Connection, answer: http.client.HTTPResponse, kind: str) -> None:
        self._connection, self._answer = connection, answer
        self.status, self.kind = answer.status, kind
        said = {name: answer.headers.get(name, "") for name in _PASSED_ON}
        self.headers = {
            name: each for name, each in said.items() if _PASSED_ON[name].fullmatch(each)
        }
        self._left = int(self.headers["content-length"])

    def read(self) -> bytes:
        """The next piece; empty at the end.

        Raises:
            BoxAway: It does not come in time, or ends too early.
        """
        if not self._left:
            return b""
        try:
            piece = self._answer.read1(min(self._left, _PIECE))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BoxAway(_reason(error)) from None
        if not piece:
            raise BoxAway("its answer ends too early")
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """End the connection."""
        self._answer.close()
        _end(self._connection)


class BoxClient:
    """Asks one box. Redirections are not followed, so its token is sent to nobody else.

    Args:
        box: Where it is, and its token.
        timeout_s: For everything until there is an answer.

    Raises:
        BadInput: Its token or its certificates are not where they should be.
    """

    def __init__(self, box: SiteBox, timeout_s: float = _TIMEOUT_S) -> None:
        self._target, self._timeout_s = box.target(), timeout_s
        token = box.token()
        self._headers = {"User-Agent": "edge-vad"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, most: int, kind: str, tag: str = "") -> BoxAnswer:
        """Ask for something small.

        Args:
            path: With its query.
            most: Bytes that it may have.
            kind: Media type that it must have.
            tag: `ETag` of what one has.

        Raises:
            BoxAway: There is no such answer in time.
        """
        connection = Connection(self._target, Deadline(self._timeout_s))
        try:
            answer = self._asked(connection, path, {"If-None-Match": tag} if tag else {})
            if tag and answer.status == _UNCHANGED:
                return BoxAnswer(None, tag)
            _check(answer, (200,), (kind,))
            return BoxAnswer(_body(connection, answer, most), _tag_of(answer))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BoxAway(_reason(error)) from None
        finally:
            _end(connection)

    def open(self, path: str, most: int, kinds: Sequence[str], span: str = "") -> BoxStream:
        """Ask for something large.

        Args:
            path: With its query.
            most: Bytes that it may have.
            kinds: Media types that it may have.
            span: What is said as `Range`.

        Raises:
            BoxAway: There is no such answer in time.
        """
        deadline = Deadline(self._timeout_s)
        connection = Connection(self._target, deadline)
        try:
            answer = self._asked(connection, path, {"Range": span} if span else {})
            kind = _check(answer, (200, 206) if span else (200,), kinds)
            _check_length(answer, most)
        except BoxAway:
            _end(connection)
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            _end(connection)
            raise BoxAway(_reason(error)) from None
        connection.line.most = most + _FRAMING  # type: ignore[union-attr]  # just made
        deadline.allow(_STREAM_S)
        return BoxStream(connection, answer, kind)

    def _asked(
        self, connection: Connection, path: str, more: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        connection.request("GET", path, headers={**self._headers, **more})
        return connection.getresponse()


def _check(answer: http.client.HTTPResponse, statuses: Sequence[int], kinds: Sequence[str]) -> str:
    """See to it that it is what was asked for; returns its media type."""
    if answer.status == _NOT_FOUND:
        raise NotThere("it does not have it")
    if answer.status not in statuses:
        raise BoxAway(_OF_STATUS.get(answer.status, f"it answers with status {answer.status}"))
    kind = answer.headers.get_content_type()
    if kind not in kinds:
        raise BoxAway("what it answers is of another kind")
    return kind


def _check_length(answer: http.client.HTTPResponse, most: int) -> None:
    said = answer.headers.get("content-length", "")
    if answer.chunked or not said.isascii() or not said.isdigit() or int(said) > most:
        raise BoxAway("it does not say how long its answer is, or it is too long")


def _body(connection: Connection, answer: http.client.HTTPResponse, most: int) -> bytes:
    connection.line.most = most + _FRAMING  # type: ignore[union-attr]  # just made
    body = answer.read(most + 1)
    if len(body) > most:
        raise BoxAway("its answer is too long")
    if answer.length:
        raise BoxAway("its answer ends too early")
    return body


def _tag_of(answer: http.client.HTTPResponse) -> str:
    tag = answer.headers.get("etag", "")
    return tag if len(tag) <= 128 and tag.isascii() and tag.isprintable() else ""


def _end(connection: Connection) -> None:
    connection.close()
    if connection.line is not None:
        connection.line.end()


def _reason(error: Exception) -> str:
    """Why there was no answer; nothing that the other side may have written."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, OSError):
        return f"no answer ({error.strerror or type(error).__name__})"
    return f"its answer is broken ({type(error).__name__})"
