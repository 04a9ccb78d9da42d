"""The routes of the page; documented in docs/page.md."""

from __future__ import annotations

from functools import partial

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge_vad.errors import BadInput
from edge_vad.sinks.edits import SiteEditor
from edge_vad.sinks.http.application import application
from edge_vad.sinks.http.auth import Authenticator
from edge_vad.sinks.http.http_errors import NotFound
from edge_vad.sinks.http.operation import operation
from edge_vad.sinks.http.responses import json_response
from edge_vad.sinks.page.assets import asset_routes
from edge_vad.sinks.page.edit_routes import EditRoutes
from edge_vad.sinks.page.event_routes import EventRoutes
from edge_vad.sinks.page.history import SPAN_S
from edge_vad.sinks.page.live_site import LiveSite, SiteResponse
from edge_vad.sinks.page.login_routes import LoginRoutes
from edge_vad.sinks.page.parameters import CAMERA_NUMBER, LIVE
from edge_vad.sinks.page.push_routes import PushRoutes
from edge_vad.sinks.page.requests import (
    LARGEST_CAMERA,
    LATEST_SECOND,
    ThresholdBody,
    read_body,
    read_number,
    read_wanted,
)
from edge_vad.sinks.page.threshold_presets import ThresholdPreset
from edge_vad.sinks.page.work_threads import WorkThreads
from edge_vad.sinks.pushes import PushDesk
from edge_vad.sinks.store import StoredEvents


class PageApp:
    """The routes of the page.

    Args:
        events: The stored events.
        live: The live cameras; None where only stored events are shown.
        access: Who may see and change it.
        editor: Who changes the site file; None where it cannot be changed.
        pushes: Who takes scenes that are rolled out; None where nobody does.
    """

    def __init__(
        self,
        events: StoredEvents,
        live: LiveSite | None,
        access: Authenticator,
        editor: SiteEditor | None = None,
        pushes: PushDesk | None = None,
    ) -> None:
        self._events, self._live, self._editor = events, live, editor
        self._login, self._pushes = LoginRoutes(access), PushRoutes(pushes)
        self._live_threads, self._store_threads = WorkThreads(), WorkThreads()

    def routes(self) -> Starlette:
        """The application."""
        return application(
            [
                *asset_routes("index.html"),
                *self._login.routes(),
                Route("/api/site", self._site, methods=["GET"]),
                Route("/api/live", self._now, methods=["GET"]),
                Route("/api/cameras/{camera}/threshold", self._accept, methods=["POST"]),
                *EventRoutes(self._events, self._store_threads).routes(),
                *EditRoutes(self._editor).routes(),
                *self._pushes.routes(),
            ]
        )

    @operation(answer=SiteResponse)
    async def _site(self, request: Request) -> Response:
        """Tell what does not change: cameras, thresholds, colours."""
        described = self._live.described() if self._live else SiteResponse(live=False)
        rights = msgspec.structs.asdict(self._login.rights_of(request))
        edits = self._editor is not None
        said = {"edits": edits, "recorded": await self._recorded(), **rights}
        return json_response(msgspec.structs.replace(described, **said))

    async def _recorded(self) -> tuple[str, ...]:
        try:
            return tuple(await self._store_threads.do(self._events.cameras))
        except BadInput:  # the cameras are shown nevertheless
            return ()

    @operation(kinds=("application/octet-stream",), parameters=LIVE, statuses=(400, 404))
    async def _now(self, request: Request) -> Response:
        """Tell how all cameras are just now, with pictures."""
        live, asked = self._alive(), request.query_params
        wanted = read_wanted(asked.get("pictures", ""), len(live))
        since = read_number(asked, "since", -SPAN_S, -SPAN_S, LATEST_SECOND)
        body = await self._live_threads.do(lambda: live.now(wanted, since))
        return Response(body, media_type="application/octet-stream")

    @operation(
        body=ThresholdBody,
        answer=ThresholdPreset,
        parameters=CAMERA_NUMBER,
        statuses=(400, 404, 413),
    )
    async def _accept(self, request: Request) -> Response:
        """Accept another rate of false alarms."""
        live = self._alive()
        body = await read_body(request, ThresholdBody)
        camera = read_number(request.path_params, "camera", 0, 0, LARGEST_CAMERA)
        accept = partial(live.accept, camera, body.false_alarms)
        return json_response(await self._live_threads.do(accept))

    def _alive(self) -> LiveSite:
        if self._live is None:
            raise NotFound("no cameras are watched here", "start edge-vad run with --serve")
        return self._live
