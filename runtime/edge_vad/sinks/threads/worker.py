"""A thread that does a sink's slow work, so that nobody waits for it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")
_log = logging.getLogger(__name__)


class Worker(Generic[Item]):
    """Works off a bounded queue in batches; when it is full, the oldest item is dropped.

    Args:
        name: Of the thread.
        work: Takes all that waits, oldest first; an empty list when nothing came for `tick_s`. What
            it raises is logged and ends nothing.
        capacity: Items that may wait.
        tick_s: How often `work` is called when nothing comes.
        ending: Called in the thread when all is done.

    Attributes:
        dropped: Items that were dropped so far.
        failed: Items at which `work` raised.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[list[Item]], None],
        capacity: int,
        tick_s: float = 1.0,
        ending: Callable[[], None] | None = None,
    ) -> None:
        self.dropped, self.failed = 0, 0
        self._work, self._capacity, self._tick_s = work, capacity, tick_s
        self._ending = ending
        self._waiting: deque[Item] = deque()
        self._in_hand = 0
        self._closing = False
        self._is_failing = False
        self._ready = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def depth(self) -> int:
        """Items that are not done yet."""
        return len(self._waiting) + self._in_hand

    def put(self, item: Item) -> None:
        """Hand over an item, at once."""
        with self._ready:
            if len(self._waiting) >= self._capacity:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(item)
            self._ready.notify()

    def close(self, timeout_s: float) -> bool:
        """Work off what waits and end the thread; returns whether that was done in time."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._waiting or self._closing, self._tick_s)
                batch = list(self._waiting)
                self._in_hand = len(batch)
                self._waiting.clear()
                is_last = self._closing and not batch
            if not self._guarded(lambda: self._work(batch)):  # noqa: B023 - called at once
                self.failed += len(batch)
            self._in_hand = 0
            if is_last:
                break
        if self._ending:
            self._guarded(self._ending)

    def _guarded(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except Exception:  # noqa: BLE001 - a sink's fault must not end it for good
            if not self._is_failing:  # once is enough, or a log fills the disk
                _log.exception("%s failed", self._thread.name)
            self._is_failing = True
            return False
        self._is_failing = False
        return True
