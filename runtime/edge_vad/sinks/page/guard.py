"""Stands before the page: who calls it by which name, from which page, and with which right."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_vad.sinks.page.access import Access
from edge_vad.sinks.page.answers import told_error
from edge_vad.sinks.page.refusals import OtherSite, Refused, TokenMissing, TokenWrong, WrongName

PROTECTED = "/api/"
LOGIN = "/api/login"
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_log = logging.getLogger(__name__)


class Guard:
    """Lets through what may pass, and puts the security headers on every answer.

    Args:
        app: What is guarded.
        access: Who may see it.
        names: By which it may be called, beside addresses.
        cookie: Name of the session's cookie.
    """

    def __init__(self, app: ASGIApp, access: Access, names: Sequence[str], cookie: str) -> None:
        self._app, self._access, self._cookie = app, access, cookie
        self._names = {name.lower().rstrip(".") for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        if scope["type"] != "http":
            raise RuntimeError(f"nothing speaks {scope['type']} here")
        app = self._refusal(scope) or self._app
        await app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        try:
            self._check_name(headers)
            _check_origin(headers)
            if scope["path"].startswith(PROTECTED) and scope["path"] != LOGIN:
                self._check_right(headers, caller(scope))
        except Refused as error:
            # The one refusal that nobody can fill a log with.
            if isinstance(error, TokenWrong):
                _log.warning("refused %s: %s", caller(scope), error.what)
            return told_error(error)
        return None

    def _check_name(self, headers: Headers) -> None:
        named = headers.getlist("host")
        if len(named) != 1 or not self._is_ours(named[0]):
            raise WrongName

    def _is_ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        # Whoever rebinds a name needs one: an address is always its own.
        return name in self._names or _is_address(name)

    def _check_right(self, headers: Headers, address: str) -> None:
        if self._access.is_open:
            return
        cookies = cookie_parser(headers.get("cookie", ""))
        if self._access.is_session(cookies.get(self._cookie, "")):
            return
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise TokenMissing
        self._access.check_token(token.strip(), address)


def caller(scope: Scope) -> str:
    """The address that a request came from."""
    return scope["client"][0] if scope.get("client") else "unknown"


def own_names(address: str, more: Sequence[str]) -> list[str]:
    """By which names a page that listens at this address may be called, beside addresses."""
    names = ["localhost", *more]
    if not ipaddress.ip_address(address).is_loopback:
        host = socket.gethostname()
        short = host.partition(".")[0]
        names += [host, short, f"{short}.local"]
    return names


def _check_origin(headers: Headers) -> None:
    """Let no other site's page do anything here, and look at nothing."""
    origin = headers.get("origin")
    is_other = origin is not None and _netloc(origin) != headers["host"].lower()
    site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "")
    if is_other or (site not in ("none", "same-origin") and mode != "navigate"):
        raise OtherSite


def _netloc(origin: str) -> str:
    """Host and port of an origin, or nothing."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
