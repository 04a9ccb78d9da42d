"""What may stand in an address of the page over all boxes, as JSON Schema."""

from __future__ import annotations

from edge_vad.sinks.http.operation import Parameter
from edge_vad.sinks.page import parameters
from edge_vad.sinks.store.media import EVENT_ID

_ID = {"type": "string", "pattern": rf"^{EVENT_ID}\.[A-Za-z0-9_-]{{1,64}}$"}

EVENT = {
    "event": Parameter(
        {"type": "string"},
        "Its id at its box, a full stop, the box.",
        "path",
        required=True,
    )
}
EVENTS = {
    **{name: each for name, each in parameters.EVENTS.items() if name != "zone"},
    "box": Parameter(parameters.EVENTS["camera"].schema, "Of this box alone."),
    "camera": Parameter(parameters.EVENTS["camera"].schema, "Of the cameras of this name alone."),
    "before": Parameter(_ID, "Older than this event."),
}
PICTURES = EVENT | {"width": parameters.PICTURE["width"]}
