"""Follows one box in a thread of its own: how it is, and its events."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from edge_vad.overview.answers import (
    MOST_CAMERAS,
    MOST_EVENTS,
    EventSaid,
    LiveSaid,
    SiteSaid,
    event_of,
    read,
    read_events,
    read_live,
)
from edge_vad.overview.asking import BoxAway, BoxClient
from edge_vad.overview.index import MOST_OF_BOX, EventIndex
from edge_vad.overview.views import BoxState, BoxView, cameras_of, troubles_of, with_recorded

_JSON, _BINARY = "application/json", "application/octet-stream"
_LARGEST_SITE, _LARGEST_EVENTS = 8_000_000, 4_000_000
_LIVE = "/api/live?since=2147483647"
"""How the cameras are, without pictures and scores."""
_NEWEST = 50
_WALK_EVERY = 5
"""Turns from one step of the later walks to the next."""
_AGAIN_S = 5.0
"""From a failure to the next try."""
_log = logging.getLogger(__name__)


class BoxFollower:
    """Asks a box again and again, and keeps what it told; nobody waits for the box.

    Its newest events are asked for at every turn. Older ones are walked through from the newest to
    the oldest: at once, until all were fetched, and then slowly again and again, for events are
    deleted and marked.

    Args:
        client: Asks it.
        view: Its name and its page.
        index: Takes its events.
        pause_s: From one turn to the next.
        wall_clock: Seconds since 1970.

    Attributes:
        view: How it is; another one whenever something changes.
    """

    def __init__(
        self,
        client: BoxClient,
        view: BoxView,
        index: EventIndex,
        pause_s: float,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._index, self._pause_s = client, index, pause_s
        self._wall_clock = wall_clock
        self._recorded = index.cameras(view.name)
        known = with_recorded((), self._recorded)
        self.view = msgspec.structs.replace(view, since=wall_clock(), cameras=known)
        self._site: SiteSaid | None = None
        self._tag, self._turns = "", 0
        self._cursor, self._walked, self._begins_anew = "", 0, False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"box {view.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End soon; what is under way has its time."""
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the end."""
        self._thread.join(max(0.0, timeout_s))

    def _run(self) -> None:
        while not self._stopping.wait(self._turn()):
            pass

    def _turn(self) -> float:
        """Ask once; returns the seconds until the next time."""
        try:
            self._look()
            self._fetch()
        except BoxAway as error:
            self._lost(str(error))
            return _AGAIN_S
        except (sqlite3.Error, OSError) as error:
            self._lost(f"what it tells cannot be kept here ({error})")
            return _AGAIN_S
        except Exception as error:  # noqa: BLE001 - or it would be shown for ever as it is now
            self._lost(f"what it tells cannot be used here ({type(error).__name__})")
            return _AGAIN_S
        self._turns += 1
        return self._pause_s if self.view.complete or self._begins_anew else 0.0

    def _look(self) -> None:
        """See how the box and its cameras are."""
        live = self._live()
        now = self._wall_clock()
        assert self._site is not None  # noqa: S101 - asked for before
        watched = cameras_of(self._site, live, self.view.cameras, now)
        is_well = self.view.state == BoxState.WELL.value
        if not is_well:
            _log.info("box %s answers", self.view.name)
        self._show(
            state=BoxState.WELL.value,
            since=self.view.since if is_well else now,
            why="",
            cameras=with_recorded(watched, self._recorded),
            troubles=troubles_of(live),
        )

    def _live(self) -> LiveSaid | None:
        """How the cameras are; None where none is watched, but only events are shown."""
        if self._site is None or not self._site.live:
            self._site = self._told_site()
        if not self._site.live:
            return None
        live = self._told_live()
        if live.run != self._site.run:  # cameras came or went
            self._site = self._told_site()
            live = self._told_live()
        return live

    def _told_site(self) -> SiteSaid:
        return read(self._get("/api/site", _LARGEST_SITE, _JSON), SiteSaid)

    def _told_live(self) -> LiveSaid:
        return read_live(self._get(_LIVE, _LARGEST_SITE, _BINARY))

    def _get(self, path: str, most: int, kind: str) -> bytes:
        body = self._client.get(path, most, kind).body
        return b"" if body is None else body

    def _fetch(self) -> None:
        """Fetch the newest events, and some older ones where it is time."""
        self._fetch_newest()
        if not self.view.complete or self._turns % _WALK_EVERY == 0:
            self._walk()

    def _fetch_newest(self) -> None:
        path, self._begins_anew = f"/api/events?limit={_NEWEST}", False
        answer = self._client.get(path, _LARGEST_EVENTS, _JSON, self._tag)
        if answer.body is None:
            return
        events = read_events(answer.body, _NEWEST)
        is_gap = len(events) == _NEWEST and not self._index.knows(self._id(events[-1]))
        self._keep(events, "", _NEWEST)
        self._tag = answer.tag
        if is_gap:
            # A box that always tells of others would else never be left alone, nor its events few.
            self._begins_anew = bool(self._cursor)
            self._index.forget_beyond(self.view.name, MOST_OF_BOX)
            self._cursor, self._walked = events[-1].id, 0
            self._show(complete=False)

    def _walk(self) -> None:
        """Go a step further towards the oldest event."""
        before = f"&before={self._cursor}" if self._cursor else ""
        path = f"/api/events?limit={MOST_EVENTS}{before}"
        body = self._get(path, _LARGEST_EVENTS, _JSON)
        events = read_events(body, MOST_EVENTS)
        if events and self._cursor and events[0].id >= self._cursor:
            raise BoxAway("its events are not those that were asked for")
        self._keep(events, self._cursor, MOST_EVENTS)
        self._walked += len(events)
        if len(events) < MOST_EVENTS or self._walked >= MOST_OF_BOX:
            self._index.forget_beyond(self.view.name, MOST_OF_BOX)
            self._recorded = self._index.cameras(self.view.name)
            self._cursor, self._walked = "", 0
            self._show(complete=True)
        else:
            self._cursor = events[-1].id

    def _keep(self, events: Sequence[EventSaid], until: str, asked: int) -> None:
        """Know these events, and no others down to the oldest of them."""
        name = self.view.name
        since = events[-1].id if len(events) == asked else ""
        known = [event_of(each, name) for each in events]
        self._index.replace(name, since, until, known)
        found = sorted({*self._recorded, *(each.camera for each in known)})
        self._recorded = found[:MOST_CAMERAS]

    def _id(self, event: EventSaid) -> str:
        return f"{event.id}.{self.view.name}"

    def _lost(self, why: str) -> None:
        if self._stopping.is_set():
            return
        view, now = self.view, self._wall_clock()
        if view.state != BoxState.AWAY.value or view.why != why:
            _log.warning("box %s is away: %s", view.name, why)
        since = view.since if view.state == BoxState.AWAY.value else now
        self._site, self._tag = None, ""
        self._show(state=BoxState.AWAY.value, since=since, why=why)

    def _show(self, **changes: object) -> None:
        self.view = msgspec.structs.replace(self.view, **changes)
