"""Owns the folder of events, and writes every event before any sink gets it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from edge_vad.events import ChangeKind, EventChange, EventState
from edge_vad.files.owner import Owner
from edge_vad.sinks.base import Sink, SinkHealth, Tally
from edge_vad.sinks.disk import is_full
from edge_vad.sinks.journal.journal_file import JournalFile
from edge_vad.sinks.threads.worker import Worker

_CAPACITY = 10_000
_LONG = 256_000
"""Bytes from which on it is made short, whenever nothing of it is in memory alone."""
_TRY_AGAIN_S = 0.02
_log = logging.getLogger(__name__)

PassOn = Callable[[str, EventChange], None]


class Journal(Sink):
    """Stands before the other sinks: they are told of an event once it is on the disk.

    What a killed run has written, and sinks may not have taken, they are told by the next; events
    that it was in the middle of are ended, as interrupted. A disk that takes nothing keeps nobody
    from being told.

    Args:
        folder: The sinks' folder; nobody else may write there until this is closed.
        others: Files beyond it that the sinks write over a long time.

    Raises:
        BadInput: Another process has the folder or a file, or nothing can be written there.
    """

    name = "journal"

    def __init__(self, folder: Path, others: Sequence[Path] = ()) -> None:
        self._owners = [Owner(folder)]
        try:
            self._owners += [Owner(path, is_file=True) for path in others]
        except BaseException:
            self._give_up()
            raise
        self._file = JournalFile(folder)
        self._open: dict[str, EventChange] = {}
        """The last change of every event that has not ended."""
        self._why = ""
        self._sinks: Sequence[Sink] = ()
        self._pass_on: PassOn | None = None
        self._reported, self._failed = 0, 0
        self._is_gone = False
        self._worker: Worker[EventChange] | None = None

    def begin(self, sinks: Sequence[Sink], pass_on: PassOn) -> None:
        """Tell what an earlier run has left, and begin.

        Args:
            sinks: Those that keep events.
            pass_on: Tells all sinks of a change.
        """
        self._sinks, self._pass_on = sinks, pass_on
        left = self._file.read()
        if left:
            _log.info("%d changes of events are taken in from an earlier run", len(left))
        self._replay(left)
        cut_off = [_ended(change) for change in self._open.values()]
        self._replay(self._written(cut_off))
        self._worker = Worker(self.name, self._work, _CAPACITY)

    def event(self, camera: str, change: EventChange) -> None:
        """Write a change down, and tell it."""
        if self._worker:
            self._worker.put(change)

    def unsaved(self) -> int:
        """Changes that nobody was told of yet."""
        return self._worker.depth if self._worker else 0

    def health(self) -> SinkHealth:
        """Say whether events are written down before they are told."""
        return SinkHealth(not self._why, self._why, self.unsaved(), self._lost)

    def tallies(self) -> Sequence[Tally]:
        """How many changes were told, were not, and could not be."""
        if self._is_gone:
            return (Tally("changes", 0, self.unsaved(), self._lost + self._reported),)
        return (Tally("changes", self._reported, self.unsaved(), self._lost),)

    def flush(self, timeout_s: float) -> None:
        """Tell all that waits; nothing is told after it."""
        if self._worker:
            self._worker.close(timeout_s)

    def close(self, timeout_s: float) -> None:
        """Give the folder up; the file goes where the sinks have kept all that is in it."""
        self._look_for_folder()
        until = time.monotonic() + timeout_s
        while not (is_kept := self._is_kept()) and time.monotonic() < until:
            time.sleep(_TRY_AGAIN_S)
        try:
            if self._worker and is_kept and not self._open and not self._lost:
                self._file.remove()  # else it may hold what an earlier run has left
            self._file.close()
        except OSError as error:
            _log.warning("the journal stays (%s)", error.strerror)
        self._give_up()

    @property
    def _lost(self) -> int:
        gone = self._worker.dropped + self._worker.failed if self._worker else 0
        return gone + self._failed

    def _look_for_folder(self) -> None:
        """See whether the folder is still there: into one that was removed, writing never fails."""
        if self._is_gone or all(owner.holds for owner in self._owners):
            return
        self._is_gone = True
        self._why = "the folder was removed, moved or replaced: what is written into it is lost"
        _log.warning("%s", self._why)

    def _give_up(self) -> None:
        while self._owners:
            self._owners.pop().close()

    def _replay(self, changes: Sequence[EventChange]) -> None:
        for change in changes:
            self._note(change)
            for sink in self._sinks:
                self._replay_one(sink, change)

    def _replay_one(self, sink: Sink, change: EventChange) -> None:
        try:
            sink.replay(change.event.camera, change)
        except Exception:  # noqa: BLE001 - what an earlier run left must not end this one
            _log.exception("the sink %s failed", sink.name)
            self._failed += 1

    def _work(self, changes: list[EventChange]) -> None:
        for change in self._written(changes):
            self._note(change)
            if self._pass_on:
                self._pass_on(change.event.camera, change)
            self._reported += 1
        self._look_for_folder()
        if self._file.size > _LONG and self._is_kept():
            self._shorten()

    def _written(self, changes: list[EventChange]) -> list[EventChange]:
        """The changes, marked where they could be written."""
        if not changes:
            return []
        try:
            changes = self._file.append(changes)
            self._why = self._why if self._is_gone else ""
        except (OSError, ValueError) as error:
            what = "the disk is full" if is_full(error) else f"nothing can be written ({error})"
            if not self._why:
                _log.warning("%s: events are told before they are written", what)
            self._why = what
        return changes

    def _note(self, change: EventChange) -> None:
        if change.kind is ChangeKind.END:
            self._open.pop(change.event.id, None)
        else:
            self._open[change.event.id] = replace(change, snapshot=None)

    def _shorten(self) -> None:
        try:
            self._file.rewrite([each for each in self._open.values() if each.position])
        except OSError as error:
            self._why = f"cannot be made short ({error.strerror})"

    def _is_kept(self) -> bool:
        """Whether the sinks have all they were told where a kill leaves it."""
        return not any(sink.unsaved() for sink in self._sinks)


def _ended(change: EventChange) -> EventChange:
    """What is to be said of an event that a run was killed in the middle of."""
    event = replace(change.event, state=EventState.INTERRUPTED)
    return EventChange(ChangeKind.END, event)
