"""Reads from network cameras by HTTP, and from no other host than was named."""

from __future__ import annotations

import http.client
import ssl
import urllib.request
from collections.abc import Callable
from email.message import Message
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from edge_vad.network.deadline import Deadline
from edge_vad.network.http_client import Connection, Line, Target
from edge_vad.sources.feeds.hosts import Hosts

OPTIONS = {
    "format_whitelist": (
        "asf,flv,h264,hevc,hls,image2,jpeg_pipe,matroska,webm,mjpeg,mov,mp4,mpeg,mpegts,mpegvideo,"
        "mpjpeg,png_pipe"
    ),
    "http_persistent": "0",
    "protocol_whitelist": "crypto,data,http,https",
}
"""For `av.open` of a `WebFile`: nothing that opens addresses by itself, as SDP does, and no
connection of FFmpeg's own in place of ours."""

WEB_SCHEMES = frozenset({"http", "https"})
_RTSP_PORTS = {"rtsp": 554, "rtsps": 322}
RTSP_SCHEMES = frozenset(_RTSP_PORTS)
_MOST_AT_ONCE = 1 << 20
_MOST_OF_RTSP = 65_536
_AGENT = "edge-vad"


class WebFile:
    """What a camera sends, as PyAV reads a file.

    Attributes:
        name: The address, without a password, by which FFmpeg finds what is meant relative to it.
        status: Of the answer; of what was not posted, always one of success.
    """

    def __init__(self, answer: Any, deadline: Deadline) -> None:
        self.name: str = answer.url
        self.status: int = answer.status
        self._answer, self._deadline = answer, deadline

    def read(self, size: int = -1) -> bytes:
        """What comes next; empty at the end.

        Raises:
            OSError: Nothing comes in time.
        """
        self._deadline.renew()
        try:
            return bytes(self._answer.read1(size if 0 <= size <= _MOST_AT_ONCE else _MOST_AT_ONCE))
        except http.client.HTTPException as error:
            raise OSError(f"the answer is broken ({type(error).__name__})") from None

    def close(self) -> None:
        """End the connection."""
        self._answer.close()

    def __enter__(self) -> WebFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Web:
    """Opens addresses of one camera.

    Redirections are followed to the named host alone, and login and password are sent to no other.
    As FFmpeg does, it takes any certificate: those of cameras are their own.

    Args:
        address: Of the camera, with its login and password if it asks for them.
        timeout_s: How long it may take to answer, and to send the next piece.
        hosts: Where it may lead to.
        agent: What it is told asks; by default our name.
        basic: Whether it may be told the password as it is; else only a digest of it.
    """

    def __init__(
        self,
        address: str,
        timeout_s: float,
        hosts: Hosts,
        agent: str | None = None,
        *,
        basic: bool = True,
    ) -> None:
        self._timeout_s, self._hosts, self._agent = timeout_s, hosts, agent or _AGENT
        self._basic = basic
        parts = urlsplit(address)
        self.address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self._passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if parts.username is not None:
            login = unquote(parts.username), unquote(parts.password or "")
            self._passwords.add_password(None, self.address, *login)
            root = urljoin(self.address, "/")
            self._passwords.add_password(None, root, *login)

    def open(self, url: str | None = None, body: bytes | None = None, kind: str = "") -> WebFile:
        """Open an address.

        Args:
            url: Which; the camera's own when None.
            body: What is posted to it, whatever the status of the answer, and wherever it would
                lead; None: nothing is.
            kind: Of the body, as HTTP has it.

        Raises:
            LeadsElsewhere: It is another host's, or leads to one.
            HTTPError: The camera refuses; `code` is the status.
            OSError: It does not answer in time, or not in HTTP.
        """
        url = self.address if url is None else url
        self._hosts.check(url)
        deadline = Deadline(self._timeout_s)
        lines: list[Line] = []
        opener = urllib.request.OpenerDirector()
        opener.addheaders = [("User-Agent", self._agent)]
        for handler in self._handlers(deadline, lines, is_post=body is not None):
            opener.add_handler(handler)
        answer = None
        try:
            headers = {} if body is None else {"Content-Type": kind}
            # Of HTTP alone, as the handlers are.
            request = urllib.request.Request(url, body, headers)  # noqa: S310
            answer = _answer(opener, request)
        finally:  # those before it asked for a login, or led on
            for line in lines[:-1] if answer else lines:
                line.end()
        lines[-1].most = None  # a stream has no end
        return WebFile(answer, deadline)

    def io_open(self, url: str, flags: int, options: dict[str, str]) -> WebFile:  # noqa: ARG002
        """Open what a playlist leads to; for `av.open(..., io_open=)`."""
        return self.open(url)

    def _handlers(
        self, deadline: Deadline, lines: list[Line], *, is_post: bool
    ) -> list[urllib.request.BaseHandler]:
        """No proxy, no file, no FTP: HTTP alone."""
        basic = [urllib.request.HTTPBasicAuthHandler(self._passwords)] if self._basic else []
        return [
            _Plain(deadline, lines),
            _Redirect(self._hosts),
            *basic,
            _DigestOnce(self._passwords),
            _RefusedLogins() if is_post else urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPDefaultErrorHandler(),
        ]


def _answer(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> Any:
    """The answer, or one kind of error."""
    try:
        return opener.open(request)
    except HTTPError:
        raise
    except URLError as error:
        reason = error.reason
        raise (reason if isinstance(reason, OSError) else OSError(str(reason))) from None
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"no answer in HTTP ({type(error).__name__})") from None


class _Plain(urllib.request.AbstractHTTPHandler):
    """HTTP and HTTPS over lines that have a deadline."""

    def __init__(self, deadline: Deadline, lines: list[Line]) -> None:
        super().__init__()
        self._deadline, self._lines = deadline, lines

    http_request = urllib.request.AbstractHTTPHandler.do_request_
    https_request = urllib.request.AbstractHTTPHandler.do_request_

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connecting(None), request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connecting(_any_certificate()), request)

    def _connecting(self, context: ssl.SSLContext | None) -> Callable[..., Connection]:
        def connect(host: str, **more: object) -> Connection:  # noqa: ARG001
            parts = urlsplit(f"//{host}")
            target = Target(parts.hostname or "", parts.port, context)
            return _RecordingConnection(target, self._deadline, self._lines)

        return connect


class _RecordingConnection(Connection):
    """A connection that says which line it speaks over."""

    def __init__(self, target: Target, deadline: Deadline, lines: list[Line]) -> None:
        super().__init__(target, deadline)
        self._lines = lines

    def connect(self) -> None:
        super().connect()
        assert self.line is not None  # noqa: S101 - just made
        self._lines.append(self.line)


class _RefusedLogins(urllib.request.HTTPErrorProcessor):
    """Takes no answer for an error but one that asks for a login: faults of SOAP have a text."""

    def http_response(self, request: Any, response: Any) -> Any:
        return super().http_response(request, response) if response.status == 401 else response

    https_response = http_response


class _DigestOnce(urllib.request.HTTPDigestAuthHandler):
    """Sends a login once: cameras lock out who guesses, and urllib would guess six times."""

    def __init__(self, passwords: urllib.request.HTTPPasswordMgr) -> None:
        super().__init__(passwords)
        self.retried = 5  # it gives up beyond that


class _Redirect(urllib.request.HTTPRedirectHandler):
    """Follows redirections to the hosts that may be reached."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> urllib.request.Request | None:
        self._hosts.check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def check_named(address: str, timeout_s: float, hosts: Hosts) -> None:
    """Ask a camera whether it leads elsewhere, for what then opens it by itself.

    Args:
        address: Of the camera; of HTTP or RTSP, or nothing is asked.
        timeout_s: For everything.
        hosts: Where it may lead to.

    Raises:
        LeadsElsewhere: It leads to another host.
        OSError: It does not answer in time, or refuses.
    """
    scheme = urlsplit(address).scheme.lower()
    if scheme in WEB_SCHEMES:
        Web(address, timeout_s, hosts).open().close()
    elif scheme in RTSP_SCHEMES:
        check_rtsp(address, timeout_s, hosts)


def check_rtsp(address: str, timeout_s: float, hosts: Hosts) -> None:
    """Ask an RTSP camera, as FFmpeg is about to, whether it leads elsewhere.

    FFmpeg follows redirections of RTSP and cannot be told not to. Neither login nor password are
    sent.

    Args:
        address: Of the camera.
        timeout_s: For everything.
        hosts: Where it may lead to.

    Raises:
        LeadsElsewhere: It leads to another host.
        OSError: It does not answer in time.
    """
    parts = urlsplit(address)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
    secure = parts.scheme.lower() == "rtsps"
    target = Target(parts.hostname or "", parts.port, _any_certificate() if secure else None)
    line = Line(target, Deadline(timeout_s), _RTSP_PORTS.get(parts.scheme.lower(), 554))
    with line.makefile("rb") as answers:
        for number, method in enumerate(("OPTIONS", "DESCRIBE"), 1):
            line.sendall(f"{method} {bare} RTSP/1.0\r\nCSeq: {number}\r\n\r\n".encode())
            status, headers = _rtsp_answer(answers)
            if 300 <= status < 400:
                hosts.check(urljoin(bare, headers.get("location", "")), RTSP_SCHEMES)


def _rtsp_answer(answers: IO[bytes]) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer; its body is passed over."""
    try:
        return _read_rtsp(answers)
    except http.client.HTTPException as error:
        raise OSError(f"no answer in RTSP ({error})") from None


def _read_rtsp(answers: IO[bytes]) -> tuple[int, dict[str, str]]:
    first = answers.readline(4096).split(None, 2)
    status = int(first[1]) if len(first) > 1 and first[1].isdigit() else 0
    headers: dict[str, str] = {}
    while (line := answers.readline(4096).decode("latin-1")).strip():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "0")
    answers.read(min(int(length), _MOST_OF_RTSP) if length.isdigit() else 0)
    return status, headers


def _any_certificate() -> ssl.SSLContext:
    context: Any = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context  # type: ignore[no-any-return]
