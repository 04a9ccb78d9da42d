"""Asks an ONVIF camera for the address of its stream."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

from edge_vad.discovery.onvif_answers import (
    check_stream,
    choose_profile,
    read_clock,
    read_profiles,
)
from edge_vad.discovery.probe import to_source
from edge_vad.discovery.soap import (
    LARGEST,
    Login,
    OddAnswer,
    escape,
    fault_of,
    find_elements,
    find_text,
    is_refused_login,
    read_xml,
    write_request,
)
from edge_vad.errors import EdgeVadError, SourceLost, WrongUse
from edge_vad.files.bounded import read_text, reason_of
from edge_vad.network.deadline import Deadline
from edge_vad.sources.feeds.hosts import Hosts, LeadsElsewhere
from edge_vad.sources.feeds.web import Web, WebFile
from edge_vad.untrusted import plain, shown_path

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

TIMEOUT_S = 10.0
"""For each question, as a whole."""
SCHEMES = {"onvif": "http", "onvifs": "https"}
_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_MEDIA = "http://www.onvif.org/ver10/media/wsdl"
_SCHEMA = "http://www.onvif.org/ver10/schema"
_LOGIN = "check user and password: --login-file FILE, which holds USER:PASSWORD"


def is_onvif(source: str) -> bool:
    """Whether a text names a camera that is to be asked for its stream."""
    return source.partition("://")[0].lower() in SCHEMES and "://" in source


def read_login(path: Path) -> Login:
    """Read user and password from a file of one line, `USER:PASSWORD`.

    Raises:
        WrongUse: It cannot be read, or holds no such line; nothing of it is repeated.
    """
    try:
        user, colon, password = read_text(path, 4096).strip("\r\n").partition(":")
    except (OSError, ValueError) as error:
        raise WrongUse(
            f"the login in {shown_path(path)} cannot be read ({reason_of(error)})",
            "write USER:PASSWORD into it",
        ) from None
    if not user or not colon or not (user + password).isprintable():
        raise WrongUse(f"{shown_path(path)} holds no login", "write USER:PASSWORD into it")
    return Login(user, password)


def find_stream(source: str, login: Login | None, timeout_s: float = TIMEOUT_S) -> str:
    """Ask a camera for the address of a stream; with the login in it.

    Of its streams the smallest of at least 360 rows is taken. Nobody but the camera is asked, and
    nothing that it says leads anywhere else. The password goes to it as a digest only.

    Args:
        source: `onvif://HOST/PATH`, or `onvifs://` for HTTPS.
        login: For the camera to know us; None for one that asks for none.
        timeout_s: For each question.

    Returns:
        Such as `rtsp://user:password@10.0.0.5:554/stream`.

    Raises:
        WrongUse: The address is broken, or the login is refused.
        SourceLost: It does not answer.
        EdgeVadError: It answers what cannot be used.
    """
    host = _host_of(source)
    try:
        return _Camera(source, login, timeout_s).stream()
    except OddAnswer as error:
        raise EdgeVadError(
            f"{host} answers what is not used: {error}",
            "name its stream, as its manual has it: NAME=rtsp://user:password@host/stream",
        ) from None


def _host_of(source: str) -> str:
    try:
        parts = urlsplit(source)
        is_whole = parts.port != 0 and bool(parts.hostname) and "@" not in source
    except ValueError:
        is_whole = False
    if not is_whole or not source.isprintable() or any(each in source for each in " \\#"):
        raise WrongUse(
            "the address of the ONVIF camera is broken",
            "write it like onvif://10.0.0.5/onvif/device_service, its login into a --login-file",
        )
    return str(parts.hostname)


class _Camera:
    """The services of one camera.

    Args:
        source: See `find_stream`.
        login: See `find_stream`.
        timeout_s: See `find_stream`.
    """

    def __init__(self, source: str, login: Login | None, timeout_s: float) -> None:
        self._host = _host_of(source)
        self._login, self._timeout_s = login, timeout_s
        self._service = _to_url(source)
        self._ahead = timedelta()

    def stream(self) -> str:
        """The address of a stream.

        Raises:
            OddAnswer: The camera says what cannot be used.
            EdgeVadError: See `find_stream`.
        """
        self._ahead = self._clock() - datetime.now(timezone.utc)
        wanted = f'<GetCapabilities xmlns="{_DEVICE}"><Category>Media</Category></GetCapabilities>'
        media = find_elements(self._ask(self._service, wanted), "Media")
        said = find_text(media[0], "XAddr") if media else ""
        service = _to_url(to_source(said, self._host))
        answer = self._ask(service, f'<GetProfiles xmlns="{_MEDIA}"/>')
        profile = choose_profile(read_profiles(answer))
        answer = self._ask(service, _stream_wanted(profile.token))
        return check_stream(find_text(answer, "Uri"), self._host, self._login)

    def _clock(self) -> datetime:
        """What time it is at the camera, which refuses digests of another; ours if it is not said.

        It is asked for without a login.
        """
        wanted = f'<GetSystemDateAndTime xmlns="{_DEVICE}"/>'
        try:
            return read_clock(self._ask(self._service, wanted, is_open=True))
        except (OddAnswer, WrongUse):
            return datetime.now(timezone.utc)

    def _ask(self, url: str, body: str, *, is_open: bool = False) -> Element:
        login = None if is_open else self._login
        request = write_request(body, login, datetime.now(timezone.utc) + self._ahead)
        hosts = Hosts(url)
        try:
            web = Web(_with_login(url, login), self._timeout_s, hosts, basic=False)
            root = read_xml(self._post(web, request))
        except LeadsElsewhere as error:
            raise OddAnswer(error.what) from None
        except OSError as error:
            raise SourceLost(
                f"{self._host} does not answer as an ONVIF camera "
                f"({plain(error.strerror or type(error).__name__)})",
                "check its address, and whether ONVIF is switched on in its settings",
            ) from None
        if is_refused_login(root):
            raise self._refused()
        if fault := fault_of(root):
            raise OddAnswer(f"it complains ({fault})")
        return root

    def _post(self, web: Web, request: bytes) -> bytes:
        kind = "application/soap+xml; charset=utf-8"
        try:
            with web.open(body=request, kind=kind) as answer:
                content = _read(answer, self._timeout_s)
        except HTTPError as error:
            error.close()
            raise self._refused() from None
        if answer.status == 403:
            raise self._refused()
        if 300 <= answer.status < 400:
            raise OddAnswer("it leads elsewhere")
        return content

    def _refused(self) -> WrongUse:
        what = "refuses the login" if self._login else "asks for a login"
        return WrongUse(f"{self._host} {what}", _LOGIN)


def _stream_wanted(token: str) -> str:
    return (
        f'<GetStreamUri xmlns="{_MEDIA}"><StreamSetup><Stream xmlns="{_SCHEMA}">RTP-Unicast'
        f'</Stream><Transport xmlns="{_SCHEMA}"><Protocol>RTSP</Protocol></Transport>'
        f"</StreamSetup><ProfileToken>{escape(token)}</ProfileToken></GetStreamUri>"
    )


def _to_url(source: str) -> str:
    scheme, _, rest = source.partition("://")
    return f"{SCHEMES[scheme.lower()]}://{rest}"


def _with_login(url: str, login: Login | None) -> str:
    """The address with the login, for HTTP's digest; the request itself is without."""
    if login is None:
        return url
    begin = f"{quote(login.user, safe='')}:{quote(login.password, safe='')}@"
    return url.replace("://", f"://{begin}", 1)


def _read(answer: WebFile, timeout_s: float) -> bytes:
    """All of an answer, in time and within bounds."""
    deadline, content = Deadline(timeout_s), b""
    while chunk := answer.read(LARGEST):
        content += chunk
        if len(content) > LARGEST:
            raise OddAnswer(f"it is larger than {LARGEST // 1024} kB")
        deadline.left_s()
    return content
