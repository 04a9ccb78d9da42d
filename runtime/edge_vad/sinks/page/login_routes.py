"""The routes by which browsers log in and out, and what they may do then."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge_vad.sinks.http.auth import Authenticator, Right
from edge_vad.sinks.http.http_errors import TokenWrong
from edge_vad.sinks.http.middleware import caller
from edge_vad.sinks.http.operation import operation
from edge_vad.sinks.http.responses import DONE, Done, json_response
from edge_vad.sinks.page.requests import LoginBody, read_body
from edge_vad.sinks.page.work_threads import WorkThreads

PROTECTED, OPEN = "/api/", ("/api/login", "/api/logout")
_log = logging.getLogger(__name__)


class CallerRights(msgspec.Struct, frozen=True):
    """What a caller may do.

    Attributes:
        token: Whether this caller has logged in, and may log out.
        may_change: Whether this caller may change anything.
        may_unlock: Whether the token for changes would allow more.
    """

    token: bool
    may_change: bool
    may_unlock: bool


class LoginRoutes:
    """Opens and ends sessions.

    Args:
        access: Who knows tokens and sessions.
    """

    def __init__(self, access: Authenticator) -> None:
        self._access, self._threads = access, WorkThreads()

    def routes(self) -> Sequence[Route]:
        """All of them."""
        login, logout = OPEN
        return [
            Route(login, self._login, methods=["POST"]),
            Route(logout, self._logout, methods=["POST"]),
        ]

    def rights_of(self, request: Request) -> CallerRights:
        """What the caller may do."""
        access = self._access
        may_change = Right.CHANGE in access.right_of(self._session(request))
        return CallerRights(
            token=not access.is_open or (access.is_split and may_change),
            may_change=may_change,
            may_unlock=access.is_split and not may_change,
        )

    @operation(body=LoginBody, answer=Done, statuses=(400, 413))
    async def _login(self, request: Request) -> Response:
        """Log a browser in: a cookie is set."""
        body = await read_body(request, LoginBody)
        address = caller(request.scope)
        try:
            session = self._access.open_session(body.token.strip(), address)
        except TokenWrong as error:
            _log.warning("login from %s refused: %s", address, error.what)
            raise
        _log.info("login from %s", address)
        answer = json_response(DONE)
        answer.set_cookie(
            self._access.cookie,
            session,
            max_age=self._access.session_s,
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    @operation(answer=Done)
    async def _logout(self, request: Request) -> Response:
        """Log a browser out."""
        session = self._session(request)
        await self._threads.do(lambda: self._access.end_session(session))
        answer = json_response(DONE)
        answer.delete_cookie(self._access.cookie, path="/", httponly=True, samesite="strict")
        return answer

    def _session(self, request: Request) -> str:
        return request.cookies.get(self._access.cookie, "")


def is_open(path: str) -> bool:
    """Whether anybody may ask for it: what one needs to log in and out, which tells nothing."""
    return path in OPEN or not path.startswith(PROTECTED)
