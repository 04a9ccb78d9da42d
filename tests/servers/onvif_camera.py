"""A simulated ONVIF camera on loopback: answers WS-Discovery, and says where its stream is.

It asks for a login by HTTP digest (RFC 2617, MD5), by WS-Security's digest, or by both.
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import struct
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GROUP, PORT = "239.255.255.250", 3702
HOST = "127.0.0.1"
REALM, NONCE = "camera", "d3adbeef"
_SOAP = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">{}</s:Envelope>'
_MATCH = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header>'
    "<a:RelatesTo>{message}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>"
    "<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>"
    "<d:Scopes>onvif://www.onvif.org/type/video onvif://www.onvif.org/name/Front%20door</d:Scopes>"
    "<d:XAddrs>{addresses}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
)
_FAULT = (
    "<s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{}</s:Value>"
    "</s:Subcode></s:Code><s:Reason><s:Text>{}</s:Text></s:Reason></s:Fault></s:Body>"
)


def md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()


class OnvifCamera:
    """A camera; what it says can be changed while it runs.

    Args:
        stream: Where its stream is.
        login: User and password; None: it asks for none.
        ways: How it asks for them: `http`, `soap`, or both.

    Attributes:
        answers: Operation to what it answers in place of what is right: bytes, or status and bytes.
        matches: Makes the datagrams that answer a probe, of the question's name.
        asked: Operations that were asked for, in their order.
        clock_ahead: How far its clock is ahead.
    """

    def __init__(
        self,
        stream: str,
        login: tuple[str, str] | None = None,
        ways: tuple[str, ...] = ("http", "soap"),
    ) -> None:
        self.stream, self.login, self.ways = stream, login, ways
        self.answers: dict[str, bytes | tuple[int, dict[str, str], bytes]] = {}
        self.matches: Callable[[str], list[bytes]] = lambda message: [self.match(message)]
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.probes = 0
        self.clock_ahead = timedelta()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                camera.heads.append(str(self.headers))
                status, headers, content = camera.answer(body, self.headers.get("Authorization"))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        self._web = ThreadingHTTPServer((HOST, 0), Handler)
        self.port = self._web.server_port
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._ear.bind((GROUP, PORT))
        member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(HOST))
        self._ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self._ear.settimeout(0.2)
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._web.serve_forever, args=(0.05,)),
            threading.Thread(target=self._listen),
        ]
        for each in self._threads:
            each.start()

    @property
    def service(self) -> str:
        return f"http://{HOST}:{self.port}/onvif/device_service"

    @property
    def source(self) -> str:
        """What edge-vad calls it."""
        return self.service.replace("http", "onvif", 1)

    def match(self, message: str, addresses: str | None = None) -> bytes:
        """An answer to a probe."""
        return _MATCH.format(message=message, addresses=addresses or self.service).encode()

    def _listen(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
            mouth.bind((HOST, 0))
            while not self._over.is_set():
                try:
                    content, place = self._ear.recvfrom(65535)
                except TimeoutError:
                    continue
                asked = re.search(rb"MessageID>([^<]+)<", content)
                if b"NetworkVideoTransmitter" in content and asked:
                    self.probes += 1
                    for each in self.matches(asked[1].decode()):
                        mouth.sendto(each, place)

    def answer(self, body: str, authorization: str | None) -> tuple[int, dict[str, str], bytes]:
        operation = re.search(r"<s:Body><(\w+)", body)
        assert operation
        name = operation[1]
        if name != "GetSystemDateAndTime" and (refusal := self._refusal(body, authorization)):
            return refusal
        self.asked.append(name)
        said = self.answers.get(name) or _SOAP.format(
            f"<s:Body><{name}Response>{getattr(self, f'_{name}')(body)}</{name}Response></s:Body>"
        )
        if isinstance(said, tuple):
            return said
        return 200, {}, said if isinstance(said, bytes) else said.encode()

    def _refusal(self, body: str, authorization: str | None) -> tuple[int, dict, bytes] | None:
        if self.login is None:
            return None
        if "http" in self.ways and not self._is_digest(authorization or ""):
            wanted = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth"'
            return 401, {"WWW-Authenticate": wanted}, b""
        if "soap" in self.ways and not self._is_token(body):
            fault = _FAULT.format("ter:NotAuthorized", "Sender not authorized")
            return 400, {}, _SOAP.format(fault).encode()
        return None

    def _is_digest(self, said: str) -> bool:
        assert self.login
        parts = dict(re.findall(r'(\w+)="?([^",]*)"?', said.removeprefix("Digest ")))
        user, password = self.login
        first = md5(user, REALM, password)
        second = md5("POST", parts.get("uri", ""))
        whole = [parts.get(each, "") for each in ("nc", "cnonce", "qop")]
        expected = md5(first, NONCE, *whole, second)
        return parts.get("username") == user and parts.get("response") == expected

    def _is_token(self, body: str) -> bool:
        assert self.login
        user, password = self.login
        found = [
            re.search(rf"<{name}(?: [^>]*)?>([^<]*)<", body)
            for name in ("Username", "Password", "Nonce", "Created")
        ]
        if not all(found):
            return False
        said, digest, nonce, created = (each[1] for each in found if each)
        when = datetime.strptime(created, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        is_now = abs(when - self._now()) < timedelta(seconds=60)
        whole = base64.b64decode(nonce) + created.encode() + password.encode()
        right = base64.b64encode(hashlib.sha1(whole, usedforsecurity=False).digest()).decode()
        return said == user and digest == right and is_now

    def _now(self) -> datetime:
        return datetime.now(timezone.utc) + self.clock_ahead

    def _GetSystemDateAndTime(self, _: str) -> str:  # noqa: N802 - as ONVIF calls it
        now = self._now()
        return (
            f"<UTCDateTime><Time><Hour>{now.hour}</Hour><Minute>{now.minute}</Minute>"
            f"<Second>{now.second}</Second></Time><Date><Year>{now.year}</Year>"
            f"<Month>{now.month}</Month><Day>{now.day}</Day></Date></UTCDateTime>"
        )

    def _GetCapabilities(self, _: str) -> str:  # noqa: N802
        address = f"http://{HOST}:{self.port}/onvif/media"
        return f"<Capabilities><Media><XAddr>{address}</XAddr></Media></Capabilities>"

    def _GetProfiles(self, _: str) -> str:  # noqa: N802
        return "".join(
            f'<Profiles token="{name}"><VideoEncoderConfiguration><Resolution><Width>1</Width>'
            f"<Height>{rows}</Height></Resolution></VideoEncoderConfiguration></Profiles>"
            for name, rows in (("main", 1080), ("sub&amp;1", 480), ("small", 120))
        )

    def _GetStreamUri(self, body: str) -> str:  # noqa: N802
        assert "<ProfileToken>sub&amp;1</ProfileToken>" in body
        return f"<MediaUri><Uri>{self.stream}</Uri></MediaUri>"

    def close(self) -> None:
        self._over.set()
        self._web.shutdown()
        for each in self._threads:
            each.join()
        self._web.server_close()
        self._ear.close()

    def __enter__(self) -> OnvifCamera:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
