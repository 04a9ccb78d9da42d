"""Messages that wait for the other side: on disk, or in memory while the disk is full."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from edge_vad.sinks.delivery.messages import Message, QueuedMessage
from edge_vad.sinks.delivery.spool import Spool
from edge_vad.sinks.disk import is_damaged, is_full, make_folder, set_aside

_MOST_IN_MEMORY = 10_000
_TRY_AGAIN_S = 0.05
_WITHOUT_DISK = 1 << 62
"""Numbers begin here when those on disk cannot be read at the start."""
_log = logging.getLogger(__name__)


class Outbox:
    """Keeps messages until they are delivered; may be used from any thread.

    Args:
        path: The spool's file; its folder is made when it is missing.
        max_bytes: What payloads may take; beyond, the oldest are lost.

    Attributes:
        lost: Messages that were lost since the start.
        why: What is wrong with the disk; empty when all is well.

    Raises:
        BadInput: The folder cannot be made.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.lost = 0
        self.why = ""
        self._path, self._max_bytes = path, max_bytes
        self._lock = threading.Lock()
        self._memory: deque[QueuedMessage] = deque()
        self._done_seq = -1
        self._is_behind = False
        self._left = 0
        """Messages on disk when it was closed."""
        self._spool: Spool | None = None
        make_folder(path.parent)
        self.flush()
        self._next_seq = self._spool.next_seq if self._spool else _WITHOUT_DISK

    @property
    def depth(self) -> int:
        """Messages that wait."""
        return (self._spool.count if self._spool else self._left) + len(self._memory)

    @property
    def in_memory(self) -> int:
        """Messages that are not on disk."""
        return len(self._memory)

    def append(self, messages: Sequence[Message]) -> None:
        """Add messages, on disk if that can be."""
        with self._lock:
            for message in messages:
                self._memory.append(QueuedMessage(self._next_seq, message))
                self._next_seq += 1
            self._flush()
            while len(self._memory) > _MOST_IN_MEMORY:
                self._memory.popleft()
                self.lost += 1

    def flush(self) -> None:
        """Write what is in memory, as there may be space on the disk again."""
        with self._lock:
            self._flush()

    def waiting(self, most: int) -> list[QueuedMessage]:
        """The oldest messages that wait, oldest first."""
        with self._lock:
            found: list[QueuedMessage] = []
            if self._spool and self._spool.count:
                try:
                    found = self._spool.after(self._done_seq, most)
                except sqlite3.Error as error:
                    self._report(error)
            return (found + list(self._memory))[:most]

    def done(self, seq: int) -> None:
        """Forget all messages up to this number, as they are delivered."""
        with self._lock:
            self._done_seq = max(seq, self._done_seq)
            while self._memory and self._memory[0].seq <= seq:
                self._memory.popleft()
            if self._spool:
                self._is_behind = True  # until then; they are not sent again before the next start
                self._flush()

    def close(self, timeout_s: float = 0.0) -> None:
        """Write what is in memory, try that for so long, and close; harmless when called twice."""
        until = time.monotonic() + timeout_s
        while not self._flushed() and time.monotonic() < until:
            time.sleep(_TRY_AGAIN_S)
        with self._lock:
            if self._spool:
                self._left = self._spool.count
                self._spool.close()
                self._spool = None

    def _flushed(self) -> bool:
        if self._memory or self._is_behind:
            self.flush()
        return not self._memory and not self._is_behind

    def _flush(self) -> None:
        try:
            if self._spool is None:
                self._spool = Spool(self._path, self._max_bytes)
            if self._is_behind:
                self._spool.remove(self._done_seq)
                self._is_behind = False
            if self._memory:
                self.lost += self._spool.add(self._memory)
                self._memory.clear()
        except (sqlite3.Error, OSError) as error:
            self._report(error)
        else:
            self.why = ""

    def _report(self, error: sqlite3.Error | OSError) -> None:
        what = "the disk is full" if is_full(error) else f"the spool fails ({error})"
        if not self.why:
            _log.warning("%s: messages wait in memory", what)
        self.why = f"{what}: {len(self._memory)} messages wait in memory"
        if is_damaged(error):
            if self._spool:
                self._spool.close()
                self._spool = None
            set_aside(self._path)
