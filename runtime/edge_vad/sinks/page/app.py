"""The routes of the page; documented in docs/page.md."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from edge_vad.sinks.http.application import application
from edge_vad.sinks.http.auth import Authenticator
from edge_vad.sinks.http.http_errors import NotFound, TokenWrong
from edge_vad.sinks.http.middleware import caller
from edge_vad.sinks.http.responses import json_response, json_unless_known
from edge_vad.sinks.page.assets import Asset, read_assets
from edge_vad.sinks.page.event_views import EventsResponse, event_view
from edge_vad.sinks.page.history import SPAN_S
from edge_vad.sinks.page.live_site import LiveSite, SiteResponse
from edge_vad.sinks.page.requests import (
    LoginBody,
    ThresholdBody,
    read_body,
    read_events,
    read_number,
    read_wanted,
    read_width,
)
from edge_vad.sinks.store import StoredEvents
from edge_vad.sinks.store.pictures import marked_picture

_THREADS = 2
"""For live pictures, and as many for the store: neither takes all cores or waits for the other."""
_LARGEST_CAMERA = 10_000
_LATEST_SECOND = 2**31
_RANGE = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{1,15})?|-[0-9]{1,15})")
Result = TypeVar("Result")
_log = logging.getLogger(__name__)


class PageApp:
    """The routes of the page.

    Args:
        events: The stored events.
        live: The live cameras; None where only stored events are shown.
        access: Who may see it.
    """

    def __init__(self, events: StoredEvents, live: LiveSite | None, access: Authenticator) -> None:
        self._events, self._live, self._access = events, live, access
        self._live_threads, self._store_threads = _Threads(), _Threads()

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
                Route("/api/events", self._newest, methods=["GET"]),
                Route("/api/events/{event}/picture", self._picture, methods=["GET"]),
                Route("/api/events/{event}/clip", self._clip, methods=["GET"]),
                Route("/api/cameras/{camera}/threshold", self._accept, methods=["POST"]),
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
        session = request.cookies.get(self._access.cookie, "")
        await self._store_threads.do(lambda: self._access.end_session(session))
        answer = json_response({"ok": True})
        answer.delete_cookie(self._access.cookie, path="/", httponly=True, samesite="strict")
        return answer

    async def _site(self, request: Request) -> Response:
        described = self._live.described() if self._live else SiteResponse(live=False)
        return json_response(msgspec.structs.replace(described, token=not self._access.is_open))

    async def _now(self, request: Request) -> Response:
        live, asked = self._alive(), request.query_params
        wanted = read_wanted(asked.get("pictures", ""), len(live))
        since = read_number(asked, "since", -SPAN_S, -SPAN_S, _LATEST_SECOND)
        body = await self._live_threads.do(lambda: live.now(wanted, since))
        return Response(body, media_type="application/octet-stream")

    async def _newest(self, request: Request) -> Response:
        asked = read_events(request.query_params)
        found = await self._store_threads.do(lambda: self._events.newest(*asked))
        return json_unless_known(request, EventsResponse([event_view(each) for each in found]))

    async def _picture(self, request: Request) -> Response:
        width = read_width(request.query_params)
        event_id = request.path_params["event"]
        path = await self._store_threads.do(lambda: self._events.snapshot(event_id))
        if path is None:
            raise NotFound("there is no such picture", "it may have been deleted for its age")
        event = await self._store_threads.do(lambda: self._events.find(event_id))
        if width is None or event is None:
            return _send_file(request, path, "image/jpeg")
        picture = await self._store_threads.do(lambda: marked_picture(path, event.box, width))
        if picture is None:
            raise NotFound("the picture is broken", "see whether the disk is well")
        return Response(picture, media_type="image/jpeg", headers=_KEPT)

    async def _clip(self, request: Request) -> Response:
        event_id = request.path_params["event"]
        path = await self._store_threads.do(lambda: self._events.clip(event_id))
        if path is None:
            raise NotFound("there is no such clip", "it comes some seconds after the event's end")
        return _send_file(request, path, f"video/{path.suffix[1:]}")

    async def _accept(self, request: Request) -> Response:
        live = self._alive()
        body = await read_body(request, ThresholdBody)
        camera = read_number(request.path_params, "camera", 0, 0, _LARGEST_CAMERA)
        accept = partial(live.accept, camera, body.false_alarms)
        return json_response(await self._live_threads.do(accept))

    def _alive(self) -> LiveSite:
        if self._live is None:
            raise NotFound("no cameras are watched here", "start edge-vad run with --serve")
        return self._live


class _Threads:
    """A few threads for work that blocks."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None

    async def do(self, work: Callable[[], Result]) -> Result:
        if self._limiter is None:  # it belongs to the running loop
            self._limiter = anyio.CapacityLimiter(_THREADS)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)


_KEPT = {"cache-control": "private, max-age=3600"}


def _send_file(request: Request, path: Path, kind: str) -> Response:
    """A file, or a part of it; what is no single range may be ignored (RFC 9110, 14.2)."""
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or (asked[2] and int(asked[1]) > int(asked[2])):
        headers = [each for each in request.scope["headers"] if each[0] != b"range"]
        request.scope["headers"] = headers
    return FileResponse(path, media_type=kind, headers=_KEPT)


async def _send_asset(asset: Asset, request: Request) -> Response:
    headers = {"etag": asset.tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == asset.tag:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.kind, headers=headers)
