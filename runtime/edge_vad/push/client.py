"""What one box is asked over HTTP: every step within a deadline, nothing in the answer trusted."""

from __future__ import annotations

import base64
import http.client
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from edge_vad.errors import BadInput, EdgeVadError, Unavailable
from edge_vad.network.deadline import Deadline
from edge_vad.network.http_client import Connection
from edge_vad.sinks.pushes import PushOffer, PushStatus, WantedFiles
from edge_vad.site.boxes import SiteBox
from edge_vad.untrusted import plain

_PATH = "/api/push"
_LARGEST_ANSWER = 60_000
_CHUNK = 2**16
Answer = TypeVar("Answer", bound=msgspec.Struct)


class Problem(NamedTuple):
    """What a box told, or why it told nothing.

    Attributes:
        error: What happened.
        todo: What to do about it.
        code: Its kind.
    """

    error: str
    todo: str
    code: str


class BoxProblem(Exception):
    """Something that did not work at a box; the other boxes go on.

    Args:
        problem: What it was.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.error)
        self.problem = problem

    @classmethod
    def of(cls, error: EdgeVadError) -> BoxProblem:
        """The same of an error of ours."""
        return cls(Problem(error.what, error.todo, error.code))


class _Error(msgspec.Struct):
    error: str
    todo: str = ""
    code: str = "failed"


class PushClient:
    """Asks a box.

    Args:
        box: Which.
        timeout_s: How long it may take to answer, and to take the next part of an upload.

    Raises:
        BoxProblem: Its token or its certificates cannot be read, or there is no token.
    """

    def __init__(self, box: SiteBox, timeout_s: float) -> None:
        self._box, self._timeout_s = box, timeout_s
        try:
            self._target, token = box.target(), box.deploy_token()
            if token is None:
                raise BadInput(
                    f"there is no deploy token for {box.name}",
                    "add deploy_token_file to it in the file of boxes",
                )
        except EdgeVadError as error:
            raise BoxProblem.of(error) from None
        self._headers = {"Authorization": f"Bearer {token}"}

    def status(self) -> PushStatus:
        """What the box watches by.

        Raises:
            BoxProblem: It does not tell.
        """
        return _shown(self._ask("GET", _PATH, PushStatus))

    def offer(self, manifest: bytes, signature: bytes) -> WantedFiles:
        """Offer a push; which of its files the box wants.

        Raises:
            BoxProblem: It does not want it.
        """
        offer = PushOffer(manifest.decode(), base64.b64encode(signature).decode())
        body = msgspec.json.encode(offer)
        return self._ask("POST", _PATH, WantedFiles, [body], len(body))

    def upload(
        self, serial: int, files: Iterable[Path], size: int, on_bytes: Callable[[int], None]
    ) -> PushStatus:
        """Upload files, one after the other.

        Args:
            serial: Of the push.
            files: What the box wants, in its order.
            size: Bytes of all of them.
            on_bytes: Told how many bytes are sent.

        Raises:
            BoxProblem: They were refused, or the connection was cut.
            OSError: A file cannot be read.
        """
        path = f"{_PATH}/{serial}/files"
        return _shown(self._ask("POST", path, PushStatus, _chunks(files, on_bytes), size))

    def _ask(
        self,
        method: str,
        path: str,
        kind: type[Answer],
        body: Iterable[bytes] = (),
        size: int | None = None,
    ) -> Answer:
        headers = {**self._headers, "Host": self._host}
        if size is not None:
            headers |= {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        try:
            status, content = self._exchanged(method, path, body, headers)
        except ssl.SSLCertVerificationError as error:
            raise self._away(f"its certificate is not trusted: {error.verify_message}") from None
        except (OSError, http.client.HTTPException) as error:
            raise self._away(getattr(error, "strerror", None) or type(error).__name__) from None
        try:
            if status == http.HTTPStatus.OK:
                return msgspec.json.decode(content, type=kind)
            said = msgspec.json.decode(content, type=_Error)
        except (ValueError, RecursionError):
            raise self._away(f"it answers with status {status}, and not as a page does") from None
        raise BoxProblem(Problem(plain(said.error), plain(said.todo), plain(said.code)))

    def _exchanged(
        self, method: str, path: str, body: Iterable[bytes], headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        deadline = Deadline(self._timeout_s)
        connection = Connection(self._target, deadline)
        try:
            try:
                connection.request(method, path, _renewing(body, deadline), dict(headers))
            except (BrokenPipeError, ConnectionResetError):
                if connection.line is None:
                    raise
                # It may have said why before it hung up.
            deadline.renew()
            answer = connection.getresponse()
            return answer.status, answer.read(_LARGEST_ANSWER)
        finally:
            connection.close()
            if connection.line is not None:
                connection.line.end()

    @property
    def _host(self) -> str:
        host, port, _ = self._target
        host = f"[{host}]" if ":" in host else host
        return host if port is None else f"{host}:{port}"

    def _away(self, why: str) -> BoxProblem:
        what = f"{self._box.name} does not answer as it should ({plain(why)})"
        todo = "see whether it watches, and check its url and ca in the file of boxes"
        return BoxProblem.of(Unavailable(what, todo))


def _shown(status: PushStatus) -> PushStatus:
    """The same as it may be shown: who answers is not trusted."""
    site, latest = plain(status.site), status.latest
    if latest is not None:
        error, todo, code = plain(latest.error), plain(latest.todo), plain(latest.code)
        latest = replace(latest, error=error, todo=todo, code=code, key=plain(latest.key))
    return replace(status, site=site, latest=latest)


def _renewing(body: Iterable[bytes], deadline: Deadline) -> Iterator[bytes]:
    """The same; who takes a part of it has as much time again for the next."""
    for chunk in body:
        deadline.renew()
        yield chunk


def _chunks(files: Iterable[Path], on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    sent = 0
    for path in files:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
                sent += len(chunk)
                on_bytes(sent)
