"""The pages of the reference that are made from the code."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import msgspec

from docs_site.commands import commands_page
from docs_site.errors import errors_page
from docs_site.formats import formats_page, site_file_page
from docs_site.http_api import DOCUMENT, http_api_page, openapi_text
from docs_site.markdown import block, page, table
from docs_site.python_api import python_page
from docs_site.schemas import record_sections
from edge_vad.sinks.messages import EventMessage
from edge_vad.sinks.metrics.figures import Figures
from edge_vad.sinks.mqtt.discovery import discovery
from edge_vad.sinks.mqtt.topics import Topics

_CAMERA = "CAMERA"


def topics_page() -> str:
    """The topics of MQTT."""
    topics = Topics("edge-vad", [_CAMERA])
    kinds = ("new", "update", "end")
    rows = [(f"`{topics.available}`", "Whether edge-vad is there: `online` or `offline`.")]
    rows += [(f"`{topics.event(_CAMERA, kind)}`", f"An event's {kind}, as JSON.") for kind in kinds]
    rows += [
        (f"`{getattr(topics, name)(_CAMERA)}`", inspect.getdoc(getattr(topics, name)) or "")
        for name in ("state", "anomaly", "snapshot", "threshold", "threshold_command")
    ]
    _, document = discovery("homeassistant", "NODE", _CAMERA, topics, "VERSION", commands=True)
    return page(
        "MQTT topics",
        "[MQTT](../events_to_programs.md#mqtt) says which are retained, and what becomes of "
        "events while the broker is away. Every topic begins with `prefix` of the site file.",
        table(("topic", "what it says"), rows),
        record_sections([EventMessage]),
        "## What Home Assistant is told",
        f"At `homeassistant/device/NODE_{_CAMERA}/config`:",
        block(msgspec.json.format(document, indent=2).decode(), "json"),
    )


def metrics_page() -> str:
    """The metrics of Prometheus."""
    families = Figures(lambda: (), dict).families()
    rows = [
        (f"`{family.name}`", family.kind, ", ".join(f"`{each}`" for each in family.labels),
         family.meaning)
        for family in families
    ]  # fmt: skip
    return page(
        "Metrics",
        "[Metrics](../events_to_programs.md#metrics) says where they are served, and to whom.",
        table(("metric", "kind", "labels", "meaning"), rows),
    )


PAGES: dict[str, Callable[[], str]] = {
    "reference/commands.md": commands_page,
    "reference/python.md": python_page,
    "reference/site_file.md": site_file_page,
    "reference/formats.md": formats_page,
    "reference/topics.md": topics_page,
    "reference/metrics.md": metrics_page,
    "reference/http_api.md": http_api_page,
    DOCUMENT: openapi_text,
    "reference/error_messages.md": errors_page,
}
"""Place of a page, and what makes it."""
