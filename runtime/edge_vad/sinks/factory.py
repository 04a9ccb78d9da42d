"""Makes the sinks that the configuration asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from edge_vad.sinks.base import Sink, SinkHealth, Site
from edge_vad.sinks.edits import SiteEditor
from edge_vad.sinks.journal import Journal
from edge_vad.sinks.paths import (
    demand_writable_paths,
    lines_of,
    notify_spool_of,
    spool_of,
    writes,
)
from edge_vad.sinks.pushes import PushDesk
from edge_vad.sinks.settings import SinkSettings


def build_sinks(
    settings: SinkSettings,
    site: Site,
    editor: SiteEditor | None = None,
    pushes: PushDesk | None = None,
    *,
    display: bool = False,
    owns: bool = False,
) -> list[Sink]:
    """Make and start the sinks; what they need is imported only here.

    Where anything is written, the first of them is the journal, which owns the folder.

    Args:
        settings: Which, and how.
        site: What they may ask and tell the live loop.
        editor: Who changes the site file, where there is one.
        pushes: Who takes scenes that are rolled out, where anybody does.
        display: Whether to show the cameras in windows.
        owns: Whether the folder is owned even if none of them writes there.

    Raises:
        BadInput: Another run has the folder, it cannot be written into, or a secret is not where it
            should be.
        Unavailable: A package that a sink needs is not installed, or there is no display.
    """
    folder = Path(settings.folder)
    sinks: list[Sink] = []
    with ExitStack() as undo:
        for sink in chain(
            _journal(settings, folder, owns),
            _local(settings, folder, site, display),
            _remote(settings, folder, site, sinks),
            _page(settings, folder, site, sinks, editor, pushes),
        ):
            sinks.append(sink)
            undo.callback(sink.close, 1.0)
        undo.pop_all()
    return sinks


def _journal(settings: SinkSettings, folder: Path, owns: bool) -> Iterator[Sink]:
    """What sees to it that nobody else writes there, and that nothing is told before it is written.

    Raises:
        BadInput: Somebody else does, or nothing can be written.
    """
    if writes(settings) or owns:
        lines = lines_of(settings, folder)
        is_beyond = lines and folder.resolve() not in lines.resolve().parents
        journal = Journal(folder, [lines] if lines and is_beyond else [])
        try:
            demand_writable_paths(settings, folder)
        except BaseException:
            journal.close(0.0)
            raise
        yield journal


def _local(settings: SinkSettings, folder: Path, site: Site, display: bool) -> Iterator[Sink]:
    """What is written and shown on this machine."""
    if display:
        from edge_vad.sinks.window import Windows

        yield Windows(site)
    if settings.store:
        from edge_vad.sinks.store import EventStore

        yield EventStore(folder, settings.store)
    if settings.clips:
        from edge_vad.sinks.clips import Clips

        yield Clips(settings.clips, folder, site)
    if settings.video:
        from edge_vad.sinks.video import AnnotatedVideo

        yield AnnotatedVideo(settings.video, folder, site)
    if settings.jsonl:
        from edge_vad.sinks.lines.json_lines import JsonLines

        yield JsonLines(settings.jsonl, folder)


def health_by_name(sinks: Sequence[Sink]) -> dict[str, SinkHealth]:
    """How every sink is."""
    return {sink.name: sink.health() for sink in sinks}


def _remote(
    settings: SinkSettings,
    folder: Path,
    site: Site,
    sinks: Sequence[Sink],
) -> Iterator[Sink]:
    """What other machines are told."""
    if settings.mqtt:
        from edge_vad.sinks.mqtt import MqttSink

        yield MqttSink(settings.mqtt, spool_of(folder, "mqtt"), site)
    if settings.webhook:
        from edge_vad.sinks.webhook import Webhook

        yield Webhook(settings.webhook, spool_of(folder, "webhook"))
    for each in settings.notify:
        from edge_vad.sinks.notify.sink import Notify

        yield Notify(each, notify_spool_of(folder, each.name), folder)
    if settings.metrics:
        from edge_vad.sinks.metrics import Metrics

        yield Metrics(settings.metrics, site, lambda: health_by_name(sinks))


def _page(
    settings: SinkSettings,
    folder: Path,
    site: Site,
    sinks: Sequence[Sink],
    editor: SiteEditor | None,
    pushes: PushDesk | None,
) -> Iterator[Sink]:
    """What browsers are shown, and programs that roll out scenes."""
    if settings.page:
        from edge_vad.sinks.page.sink import Page

        yield Page(settings.page, folder, site, lambda: health_by_name(sinks), editor, pushes)
