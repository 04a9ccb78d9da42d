"""What may stand in an address of the page, as JSON Schema."""

from __future__ import annotations

from edge_vad.sinks.http.operation import Parameter
from edge_vad.sinks.page.history import SPAN_S
from edge_vad.sinks.page.requests import (
    LARGEST_CAMERA,
    LARGEST_SERIAL,
    LATEST_SECOND,
    LONGEST_NAME,
    MOST_EVENTS,
)
from edge_vad.sinks.page.snapshots import WIDTHS
from edge_vad.sinks.store.media import EVENT_ID

_ID = {"type": "string", "pattern": f"^{EVENT_ID}$"}
_NAME = {"type": "string", "maxLength": LONGEST_NAME, "pattern": "^[ -~]*$"}
_SECOND = {"type": "integer", "minimum": 0, "maximum": LATEST_SECOND}
_FLAG = {"type": "integer", "enum": [0, 1]}
_DIGEST = {"type": "string", "pattern": '^"[0-9a-f]{32}"$'}
_PICTURE = rf"(0|[1-9][0-9]{{0,3}}):(-1|0|[1-9][0-9]{{0,8}}):({'|'.join(map(str, WIDTHS))})"

EVENT = {"event": Parameter({"type": "string"}, "The event's id.", "path", required=True)}
EVENTS = {
    "limit": Parameter(
        {"type": "integer", "minimum": 1, "maximum": MOST_EVENTS, "default": 50}, "How many."
    ),
    "camera": Parameter(_NAME, "Of this camera alone."),
    "zone": Parameter(_NAME, "Of this zone alone."),
    "before": Parameter(_ID, "Older than this event."),
    "seen": Parameter(_FLAG, "Seen ones, or others."),
    "starred": Parameter(_FLAG, "Starred ones, or others."),
    "since": Parameter(_SECOND, "Begun then or later, seconds since 1970."),
    "until": Parameter(_SECOND, "Begun before, seconds since 1970."),
}
PICTURE = EVENT | {
    "width": Parameter(
        {"type": "integer", "enum": list(WIDTHS)},
        "No wider than so many px, and with the event's box; else as it is.",
    )
}
LIVE = {
    "pictures": Parameter(
        {"type": "string", "pattern": f"^({_PICTURE}(,{_PICTURE})*)?$"},
        "Wanted pictures: number of the camera, from 0; number of the picture that one has, -1 for "
        "none; width. No more than there are cameras.",
    ),
    "since": Parameter(
        {"type": "integer", "minimum": -SPAN_S, "maximum": LATEST_SECOND, "default": -SPAN_S},
        "Second from which on scores are told; below 0: so long ago.",
    ),
}
CAMERA_NUMBER = {
    "camera": Parameter(
        {"type": "integer", "minimum": 0, "maximum": LARGEST_CAMERA},
        "Number of the camera, from 0.",
        "path",
        required=True,
    )
}
CAMERA_NAME = {"camera": Parameter({"type": "string"}, "Its name.", "path", required=True)}
PUSH = {
    "serial": Parameter(
        {"type": "integer", "minimum": 1, "maximum": LARGEST_SERIAL},
        "Of the push.",
        "path",
        required=True,
    )
}
IF_MATCH = {
    "If-Match": Parameter(_DIGEST, "`ETag` of the site that is changed.", "header", required=True)
}
