"""Makes the sinks that the configuration asks for."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from edge_vad.sinks.base import Sink, Site
from edge_vad.sinks.settings import SinkSettings


def build_sinks(settings: SinkSettings, site: Site) -> list[Sink]:
    """Make and start the sinks; what they need is imported only here.

    Args:
        settings: Which, and how.
        site: What they may ask and tell the live loop.

    Raises:
        BadInput: A folder cannot be written into, or a secret is not where it should be.
        Unavailable: A package that a sink needs is not installed.
    """
    folder = Path(settings.folder)
    with ExitStack() as undo:
        sinks: list[Sink] = []

        def add(sink: Sink) -> None:
            sinks.append(sink)
            undo.callback(sink.close, 1.0)

        if settings.store:
            from edge_vad.sinks.store import EventStore

            add(EventStore(folder, settings.store))
        if settings.clips:
            from edge_vad.sinks.clips import Clips

            add(Clips(settings.clips, folder, site))
        if settings.jsonl:
            from edge_vad.sinks.json_lines import JsonLines

            add(JsonLines(settings.jsonl, folder))
        if settings.webhook:
            from edge_vad.sinks.webhook import Webhook

            add(Webhook(settings.webhook, folder / "spool" / "webhook.sqlite"))
        if settings.mqtt:
            from edge_vad.sinks.mqtt import MqttSink

            add(MqttSink(settings.mqtt, folder / "spool" / "mqtt.sqlite", site))
        if settings.metrics:
            from edge_vad.sinks.metrics import Metrics

            add(
                Metrics(
                    settings.metrics, site, lambda: {each.name: each.health() for each in sinks}
                )
            )
        undo.pop_all()
    return sinks
