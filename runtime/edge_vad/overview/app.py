"""The routes of the page over all boxes; documented in docs/howto/many_boxes.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from edge_vad.errors import Unavailable, WrongUse
from edge_vad.overview.answers import BoxEvent
from edge_vad.overview.following import BoxFollower
from edge_vad.overview.index import BoxEventQuery, EventIndex
from edge_vad.overview.media import CLIPS, PICTURE, BoxMedia
from edge_vad.overview.parameters import EVENT, EVENTS, PICTURES
from edge_vad.overview.views import BoxState, BoxView
from edge_vad.sinks.http.application import application
from edge_vad.sinks.http.auth import Authenticator
from edge_vad.sinks.http.http_errors import NotFound
from edge_vad.sinks.http.operation import operation
from edge_vad.sinks.http.responses import json_unless_known
from edge_vad.sinks.page.assets import asset_routes
from edge_vad.sinks.page.login_routes import CallerRights, LoginRoutes
from edge_vad.sinks.page.requests import read_events, read_name, read_width
from edge_vad.sinks.page.work_threads import WorkThreads
from edge_vad.sinks.store.media import EVENT_ID

_ID = re.compile(rf"({EVENT_ID})\.([A-Za-z0-9_-]{{1,64}})")
_RANGE = re.compile(r"bytes=[0-9]{1,15}-[0-9]{0,15}")
_KEPT = {"cache-control": "private, max-age=3600"}


class BoxesResponse(msgspec.Struct, frozen=True):
    """How all boxes are.

    Attributes:
        rights: What this caller may do.
        boxes: The boxes.
    """

    rights: CallerRights
    boxes: list[BoxView]


class BoxEventsResponse(msgspec.Struct, frozen=True):
    """Events of all boxes, newest first."""

    events: list[BoxEvent]


class FollowedBox(NamedTuple):
    """A box: who asks it how it is, and who fetches from it."""

    follower: BoxFollower
    media: BoxMedia


class OverviewApp:
    """The routes of the page. None of them waits for a box, but those of its pictures and clips.

    Args:
        boxes: Name to box.
        index: The events of all.
        access: Who may see it.
    """

    def __init__(
        self, boxes: Mapping[str, FollowedBox], index: EventIndex, access: Authenticator
    ) -> None:
        self._boxes, self._index, self._login = boxes, index, LoginRoutes(access)
        self._threads = WorkThreads()

    def routes(self) -> Starlette:
        """The application."""
        events = "/api/boxes/events"
        return application(
            [
                *asset_routes("boxes.html"),
                *self._login.routes(),
                Route("/api/boxes", self._now, methods=["GET"]),
                Route(events, self._newest, methods=["GET"]),
                Route(f"{events}/{{event}}/picture", self._picture, methods=["GET"]),
                Route(f"{events}/{{event}}/clip", self._clip, methods=["GET"]),
            ]
        )

    @operation(answer=BoxesResponse, statuses=(304,))
    async def _now(self, request: Request) -> Response:
        """Tell how all boxes and their cameras are, as far as is known."""
        views = [each.follower.view for each in self._boxes.values()]
        return json_unless_known(request, BoxesResponse(self._login.rights_of(request), views))

    @operation(answer=BoxEventsResponse, parameters=EVENTS, statuses=(304, 400))
    async def _newest(self, request: Request) -> Response:
        """Tell of the events of all boxes, newest first."""
        query = _query(request.query_params)
        found = await self._threads.do(lambda: self._index.newest(query))
        return json_unless_known(request, {"events": found})

    @operation(kinds=(PICTURE,), parameters=PICTURES, statuses=(400, 404))
    async def _picture(self, request: Request) -> Response:
        """Send an event's picture, fetched from its box."""
        width = read_width(request.query_params)
        event_id, box = self._found(request)
        picture = await box.media.picture(event_id, width)
        return Response(picture, media_type=PICTURE, headers=_KEPT)

    @operation(kinds=CLIPS, parameters=EVENT, statuses=(206, 404))
    async def _clip(self, request: Request) -> Response:
        """Send an event's clip, or a range of it, fetched from its box."""
        event_id, box = self._found(request)
        said = request.headers.get("range", "")
        stream = await box.media.clip(event_id, said if _RANGE.fullmatch(said) else "")
        headers = {**_KEPT, **stream.headers}
        pieces = box.media.pieces(stream)
        return StreamingResponse(pieces, stream.status, headers, media_type=stream.kind)

    def _found(self, request: Request) -> tuple[str, FollowedBox]:
        """An event's id at its box, and the box, which answers."""
        match = _ID.fullmatch(request.path_params["event"])
        box = self._boxes.get(match[2]) if match else None
        if match is None or box is None:
            raise NotFound("there is no such event", "it may have been deleted for its age")
        view = box.follower.view
        if view.state == BoxState.AWAY.value:
            raise Unavailable(f"box {view.name} is away: {view.why}", "try again later")
        return match[1], box


def _query(asked: Mapping[str, str]) -> BoxEventQuery:
    """Read which events are wanted.

    Raises:
        WrongUse: A parameter cannot be.
    """
    before = asked.get("before")
    if before is not None and not _ID.fullmatch(before):
        raise WrongUse("before is no id of an event", "docs/howto/many_boxes.md has the requests")
    said = read_events({name: value for name, value in asked.items() if name != "before"})
    return BoxEventQuery(
        said.limit,
        read_name(asked, "box"),
        said.camera,
        before,
        said.seen,
        said.starred,
        said.since,
        said.until,
    )
