"""Checks every request before its route: host name, origin, token.

Who may look may send requests that change nothing (GET); all others need the right to change. So no
route can forget to ask for it. Where scenes are rolled out, all requests need the right to do that.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_vad.sinks.http.auth import Authenticator, Right
from edge_vad.sinks.http.http_errors import (
    ForeignOrigin,
    HeadTooLarge,
    HttpError,
    MayNotDeploy,
    MayOnlyLook,
    TokenMissing,
    TokenWrong,
    UnknownHost,
)
from edge_vad.sinks.http.responses import error_response

_LARGEST_HEAD = 16_384
_SAFE_METHODS = ("GET", "HEAD")
"""Methods that change nothing."""
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


class AccessMiddleware:
    """Lets through what may pass, and puts the security headers on every answer.

    Args:
        app: What is guarded.
        access: Who may see it.
        names: By which it may be called, beside addresses.
        is_open: Whether anybody may ask for a path, such as that where one logs in.
        deploys: Whether a path is for those alone who roll out scenes.
    """

    def __init__(
        self,
        app: ASGIApp,
        access: Authenticator,
        names: Sequence[str],
        is_open: Callable[[str], bool] = lambda path: False,  # noqa: ARG005
        deploys: Callable[[str], bool] = lambda path: False,  # noqa: ARG005
    ) -> None:
        self._app, self._access = app, access
        self._is_open, self._deploys = is_open, deploys
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
            _check_size(scope)
            self._check_name(headers)
            _check_origin(headers, scope["method"])
            if not self._is_open(scope["path"]):
                self._check_right(headers, caller(scope), self._needed(scope))
        except HttpError as error:
            # The one refusal that nobody can fill a log with.
            if isinstance(error, TokenWrong):
                _log.warning("refused %s: %s", caller(scope), error.what)
            return error_response(error)
        return None

    def _needed(self, scope: Scope) -> Right:
        if self._deploys(scope["path"]):
            return Right.DEPLOY
        return Right.LOOK if scope["method"] in _SAFE_METHODS else Right.CHANGE

    def _check_name(self, headers: Headers) -> None:
        named = headers.getlist("host")
        if len(named) != 1 or not self._is_ours(named[0]):
            raise UnknownHost

    def _is_ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        # Whoever rebinds a name needs one: an address is always its own.
        return name in self._names or _is_address(name)

    def _check_right(self, headers: Headers, address: str, needed: Right) -> None:
        cookies = cookie_parser(headers.get("cookie", ""))
        right = self._access.right_of(cookies.get(self._access.cookie, ""))
        kind, _, token = headers.get("authorization", "").partition(" ")
        if needed not in right and kind.lower() == "bearer":
            right = self._access.check_token(token.strip(), address)
        if needed in right:
            return
        if right is Right.NOTHING:
            raise TokenMissing
        raise MayNotDeploy if needed is Right.DEPLOY else MayOnlyLook


def caller(scope: Scope) -> str:
    """The address that a request came from."""
    return scope["client"][0] if scope.get("client") else "unknown"


def own_names(address: str, more: Sequence[str]) -> list[str]:
    """By which names a server that listens at this address may be called, beside addresses."""
    names = ["localhost", *more]
    if not ipaddress.ip_address(address).is_loopback:
        host = socket.gethostname()
        short = host.partition(".")[0]
        names += [host, short, f"{short}.local"]
    return names


def _check_size(scope: Scope) -> None:
    """Take no head that is longer than any that makes sense."""
    lines = sum(len(name) + len(value) for name, value in scope["headers"])
    if lines + len(scope["raw_path"]) + len(scope["query_string"]) > _LARGEST_HEAD:
        raise HeadTooLarge


def _check_origin(headers: Headers, method: str) -> None:
    """Let no other site's page do anything here, and look at nothing.

    It may lead here, as a link does; and only to look.
    """
    is_other = any(_netloc(each) != headers["host"].lower() for each in headers.getlist("origin"))
    is_led = not set(headers.getlist("sec-fetch-site")) <= {"none", "same-origin"}
    is_link = method in _SAFE_METHODS and set(headers.getlist("sec-fetch-mode")) == {"navigate"}
    if is_other or (is_led and not is_link):
        raise ForeignOrigin


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
