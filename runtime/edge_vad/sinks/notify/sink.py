"""Sends people a message of every event: not too many, not at night, and none is lost."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from edge_vad.errors import EdgeVadError
from edge_vad.events import ChangeKind, EventChange
from edge_vad.sinks.base import Sink, SinkHealth, Tally
from edge_vad.sinks.delivery import Message, Outbox, QueuedMessage, Sender
from edge_vad.sinks.notify.client import AppriseClient
from edge_vad.sinks.notify.local_time import LocalTime
from edge_vad.sinks.notify.schedule import SendSchedule
from edge_vad.sinks.notify.text import Notice, Text, digest_of, place_of, rarest_first, text_of
from edge_vad.sinks.notify_settings import NotifySettings
from edge_vad.sinks.secret import read_secret
from edge_vad.sinks.store import StoredEvents
from edge_vad.sinks.store.pictures import marked_picture

_MOST_IN_A_DIGEST = 10_000
_LONGEST_WAIT_S = 300.0
_STEP_S = 5.0
"""How long it takes at most until it is seen that messages may go again."""
_PICTURE_WAIT_S = 3.0
"""How long the store may take to write a picture; an alarm without one is better than a late one.
"""
_PICTURE_WIDTH = 1280
_log = logging.getLogger(__name__)


def open_client(settings: NotifySettings) -> AppriseClient:
    """A client of the address that the settings name.

    Raises:
        BadInput: It is not where it should be, or is none that messages may go to.
        Unavailable: Apprise is not installed.
    """
    address = read_secret(settings.address_env, settings.address_file) or ""
    return AppriseClient(address.strip(), settings.timeout_s)


def client_of(settings: NotifySettings) -> AppriseClient:
    """The same; errors name the entry.

    Raises:
        BadInput: As for `open_client`.
        Unavailable: As for `open_client`.
    """
    try:
        return open_client(settings)
    except EdgeVadError as error:
        raise type(error)(f"notify {settings.name}: {error.what}", error.todo) from None


class Notify(Sink):
    """Sends a message when an event begins.

    What the limit or quiet hours keep waiting, goes as one digest once they allow it.

    Args:
        settings: Where to, and how much.
        spool: The file in which messages wait.
        folder: Of the store, which has the pictures.
        now: The clock, seconds since 1970.

    Raises:
        BadInput: The address is not where it should be, or is none that messages may go to.
        Unavailable: Apprise is not installed.
    """

    def __init__(
        self,
        settings: NotifySettings,
        spool: Path,
        folder: Path,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = f"notify-{settings.name}"
        self._settings, self._now = settings, now
        self._time = LocalTime(settings)
        self._stored = StoredEvents(folder) if settings.picture else None
        self._client = client_of(settings)
        outbox = Outbox(spool, settings.spool_mb * 1_000_000)
        state = spool.with_suffix(".json")
        self._schedule = SendSchedule(state, settings.max_per_hour, self._time, now)
        self._sender = Sender(self.name, outbox, self._deliver, _MOST_IN_A_DIGEST, _LONGEST_WAIT_S)

    def event(self, camera: str, change: EventChange) -> None:
        """Spool what is to be said of an event that begins."""
        if change.kind is not ChangeKind.NEW:
            return
        payload = msgspec.json.encode(_notice_of(change))
        self._sender.send(Message("", payload, change.event.id, None, change.position))

    def replay(self, camera: str, change: EventChange) -> None:
        """Spool it, unless the spool has it."""
        self.event(camera, change)

    def unsaved(self) -> int:
        """Messages that are not in the spool yet."""
        return self._sender.unsaved()

    def tallies(self) -> Sequence[Tally]:
        """Of how many events a message or digest went, waits in the spool, and was lost."""
        return (self._sender.tally(),)

    def health(self) -> SinkHealth:
        """Say whether the service takes what it is sent, and how much waits."""
        return self._sender.health()

    def close(self, timeout_s: float) -> None:
        """Send what may be sent; the rest waits on disk for the next start."""
        # Where nothing may go, all there is to do is to spool.
        self._sender.close(timeout_s * (0.3 if self._schedule.held else 1.0))

    def _deliver(self, waiting: list[QueuedMessage], stopping: threading.Event) -> int | None:
        wait_s = self._schedule.wait_s()
        if wait_s > 0:
            self._hold()
            stopping.wait(min(wait_s, _STEP_S))
            return None
        notices = [_decode(each) for each in waiting]
        if not self._schedule.held and not self._time.is_quiet(notices[0].start):
            del notices[1:]
        picture = self._picture(rarest_first(notices)[0], stopping)
        self._schedule.count()
        try:
            self._client.send(self._text(notices), picture, stopping)
        except BaseException:
            self._schedule.uncount()
            raise
        self._schedule.release()
        return waiting[len(notices) - 1].seq

    def _hold(self) -> None:
        if not self._schedule.held:
            _log.info("%s: what comes now waits for the limit or the quiet hours", self.name)
        self._schedule.hold()

    def _text(self, notices: Sequence[Notice]) -> Text:
        link, now = self._settings.link, self._now()
        if len(notices) > 1:
            return digest_of(notices, self._time, now, link)
        next_at, more = self._schedule.next_at(), ""
        if next_at > now:
            clock = self._time.clock(next_at)
            more = f"That is the limit of an hour: more comes as one digest after {clock}."
        return text_of(notices[0], self._time, now, link, more)

    def _picture(self, notice: Notice, stopping: threading.Event) -> bytes | None:
        """The store's picture, which is written at the same time as this is sent."""
        if self._stored is None:
            return None
        until = time.monotonic() + _PICTURE_WAIT_S
        while (path := self._stored.snapshot(notice.id)) is None:
            if time.monotonic() > until or stopping.wait(0.05):
                return None
        try:
            event = self._stored.find(notice.id)
            return marked_picture(path, event.box if event else notice.box, _PICTURE_WIDTH)
        except (EdgeVadError, OSError):
            return None


def _decode(waiting: QueuedMessage) -> Notice:
    return msgspec.json.decode(waiting.message.payload, type=Notice)


def _notice_of(change: EventChange) -> Notice:
    event, picture = change.event, change.snapshot
    place = ""
    if picture is not None:
        height, width = picture.shape[:2]
        place = place_of(event.box, width, height)
    return Notice(
        id=event.id,
        camera=event.camera,
        start=event.start,
        place=place,
        box=event.box,
        normal_per_hour=event.normal_per_hour,
        rarity=event.rarity,
        zone=event.zone,
    )
