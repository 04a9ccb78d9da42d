"""The routes of the page; documented in docs/page.md."""

from __future__ import annotations

import logging
from functools import partial

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge_vad.sinks.edits import SiteEditor
from edge_vad.sinks.http.application import application
from edge_vad.sinks.http.auth import Authenticator, Right
from edge_vad.sinks.http.http_errors import NotFound, TokenWrong
from edge_vad.sinks.http.middleware import caller
from edge_vad.sinks.http.responses import json_response
from edge_vad.sinks.page.assets import Asset, read_assets
from edge_vad.sinks.page.edit_routes import EditRoutes
from edge_vad.sinks.page.event_routes import EventRoutes
from edge_vad.sinks.page.history import SPAN_S
from edge_vad.sinks.page.live_site import LiveSite, SiteResponse
from edge_vad.sinks.page.requests import (
    LoginBody,
    ThresholdBody,
    read_body,
    read_number,
    read_wanted,
)
from edge_vad.sinks.page.work_threads import WorkThreads
from edge_vad.sinks.store import StoredEvents

_LARGEST_CAMERA = 10_000
_LATEST_SECOND = 2**31
_log = logging.getLogger(__name__)


class PageApp:
    """The routes of the page.

    Args:
        events: The stored events.
        live: The live cameras; None where only stored events are shown.
        access: Who may see and change it.
        editor: Who changes the site file; None where it cannot be changed.
    """

    def __init__(
        self,
        events: StoredEvents,
        live: LiveSite | None,
        access: Authenticator,
        editor: SiteEditor | None = None,
    ) -> None:
        self._events, self._live, self._access, self._editor = events, live, access, editor
        self._live_threads, self._store_threads = WorkThreads(), WorkThreads()

    def routes(self) -> Starlette:
        """The application."""
        assets = [
            Route(path, partial(_send_asset, asset), methods=["GET"])
            for path, asset in read_assets().items()
        ]
        return application(
            [
                *assets,
                Route("/api/login", self._login, methods=["POST"]),
                Route("/api/logout", self._logout, methods=["POST"]),
                Route("/api/site", self._site, methods=["GET"]),
                Route("/api/live", self._now, methods=["GET"]),
                Route("/api/cameras/{camera}/threshold", self._accept, methods=["POST"]),
                *EventRoutes(self._events, self._store_threads).routes(),
                *EditRoutes(self._editor).routes(),
            ]
        )

    async def _login(self, request: Request) -> Response:
        body = await read_body(request, LoginBody)
        address = caller(request.scope)
        try:
            session = self._access.open_session(body.token.strip(), address)
        except TokenWrong as error:
            _log.warning("login from %s refused: %s", address, error.what)
            raise
        _log.info("login from %s", address)
        answer = json_response({"ok": True})
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

    async def _logout(self, request: Request) -> Response:
        session = self._session(request)
        await self._store_threads.do(lambda: self._access.end_session(session))
        answer = json_response({"ok": True})
        answer.delete_cookie(self._access.cookie, path="/", httponly=True, samesite="strict")
        return answer

    async def _site(self, request: Request) -> Response:
        described = self._live.described() if self._live else SiteResponse(live=False)
        may_change = self._access.right_of(self._session(request)) is Right.CHANGE
        return json_response(
            msgspec.structs.replace(
                described,
                token=not self._access.is_open or (self._access.is_split and may_change),
                may_change=may_change,
                may_unlock=self._access.is_split and not may_change,
                edits=self._editor is not None,
            )
        )

    async def _now(self, request: Request) -> Response:
        live, asked = self._alive(), request.query_params
        wanted = read_wanted(asked.get("pictures", ""), len(live))
        since = read_number(asked, "since", -SPAN_S, -SPAN_S, _LATEST_SECOND)
        body = await self._live_threads.do(lambda: live.now(wanted, since))
        return Response(body, media_type="application/octet-stream")

    async def _accept(self, request: Request) -> Response:
        live = self._alive()
        body = await read_body(request, ThresholdBody)
        camera = read_number(request.path_params, "camera", 0, 0, _LARGEST_CAMERA)
        accept = partial(live.accept, camera, body.false_alarms)
        return json_response(await self._live_threads.do(accept))

    def _session(self, request: Request) -> str:
        return request.cookies.get(self._access.cookie, "")

    def _alive(self) -> LiveSite:
        if self._live is None:
            raise NotFound("no cameras are watched here", "start edge-vad run with --serve")
        return self._live


async def _send_asset(asset: Asset, request: Request) -> Response:
    headers = {"etag": asset.tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == asset.tag:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.kind, headers=headers)
