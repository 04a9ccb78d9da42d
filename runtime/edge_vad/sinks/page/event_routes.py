"""The routes of stored events."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from edge_vad.events import LiveEvent
from edge_vad.sinks.http.http_errors import NotFound
from edge_vad.sinks.http.operation import operation
from edge_vad.sinks.http.responses import json_response, json_unless_known
from edge_vad.sinks.page.event_export import export_name, exported
from edge_vad.sinks.page.event_views import EventsResponse, EventView, event_view
from edge_vad.sinks.page.parameters import EVENT, EVENTS, PICTURE
from edge_vad.sinks.page.requests import MarkBody, read_body, read_events, read_width
from edge_vad.sinks.page.work_threads import WorkThreads
from edge_vad.sinks.store import StoredEvents
from edge_vad.sinks.store.marks import mark
from edge_vad.sinks.store.pictures import marked_picture

_RANGE = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{1,15})?|-[0-9]{1,15})")
_KEPT = {"cache-control": "private, max-age=3600"}


class EventRoutes:
    """Shows, marks and exports events.

    Args:
        events: The stored events.
        threads: For work on the disk.
    """

    def __init__(self, events: StoredEvents, threads: WorkThreads) -> None:
        self._events, self._threads = events, threads

    def routes(self) -> Sequence[Route]:
        """All of them."""
        event = "/api/events/{event}"
        return [
            Route("/api/events", self._newest, methods=["GET"]),
            Route(event, self._mark, methods=["POST"]),
            Route(f"{event}/picture", self._picture, methods=["GET"]),
            Route(f"{event}/clip", self._clip, methods=["GET"]),
            Route(f"{event}/export", self._export, methods=["GET"]),
        ]

    @operation(answer=EventsResponse, parameters=EVENTS, statuses=(304, 400))
    async def _newest(self, request: Request) -> Response:
        """Tell of stored events, newest first."""
        asked = read_events(request.query_params)
        found = await self._threads.do(lambda: self._events.newest(*asked))
        return json_unless_known(request, EventsResponse([event_view(each) for each in found]))

    @operation(body=MarkBody, answer=EventView, parameters=EVENT, statuses=(400, 404, 413))
    async def _mark(self, request: Request) -> Response:
        """Mark an event."""
        body = await read_body(request, MarkBody)
        event = await self._found(request)
        folder, id_ = self._events.folder, event.id
        await self._threads.do(lambda: mark(folder, id_, seen=body.seen, starred=body.starred))
        return json_response(event_view(await self._found(request)))

    @operation(kinds=("image/jpeg",), parameters=PICTURE, statuses=(304, 400, 404))
    async def _picture(self, request: Request) -> Response:
        """Send an event's picture."""
        width = read_width(request.query_params)
        event_id = request.path_params["event"]
        path = await self._threads.do(lambda: self._events.snapshot(event_id))
        if path is None:
            raise NotFound("there is no such picture", "it may have been deleted for its age")
        event = await self._threads.do(lambda: self._events.find(event_id))
        if width is None or event is None:
            return _send_file(request, path, "image/jpeg")
        picture = await self._threads.do(lambda: marked_picture(path, event.box, width))
        if picture is None:
            raise NotFound("the picture is broken", "see whether the disk is well")
        return Response(picture, media_type="image/jpeg", headers=_KEPT)

    @operation(
        kinds=("video/webm", "video/mp4"), parameters=EVENT, statuses=(206, 304, 400, 404, 416)
    )
    async def _clip(self, request: Request) -> Response:
        """Send an event's clip, or a range of it."""
        event_id = request.path_params["event"]
        path = await self._threads.do(lambda: self._events.clip(event_id))
        if path is None:
            raise NotFound("there is no such clip", "it comes some seconds after the event's end")
        return _send_file(request, path, f"video/{path.suffix[1:]}")

    @operation(kinds=("application/zip",), parameters=EVENT, statuses=(404,))
    async def _export(self, request: Request) -> Response:
        """Send an event with its picture and clip."""
        event = await self._found(request)
        name = {"content-disposition": f'attachment; filename="{export_name(event)}"'}
        content = exported(event, self._events.folder)
        return StreamingResponse(content, media_type="application/zip", headers=name)

    async def _found(self, request: Request) -> LiveEvent:
        event_id = request.path_params["event"]
        event = await self._threads.do(lambda: self._events.find(event_id))
        if event is None:
            raise NotFound("there is no such event", "it may have been deleted for its age")
        return event


def _send_file(request: Request, path: Path, kind: str) -> Response:
    """A file, or a part of it; what is no single range may be ignored (RFC 9110, 14.2)."""
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or (asked[2] and int(asked[1]) > int(asked[2])):
        headers = [each for each in request.scope["headers"] if each[0] != b"range"]
        request.scope["headers"] = headers
    return FileResponse(path, media_type=kind, headers=_KEPT)
