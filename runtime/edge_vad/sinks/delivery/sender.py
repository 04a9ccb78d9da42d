"""Takes messages at once, and sends them one after the other."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

from edge_vad.sinks.base import SinkHealth, Tally
from edge_vad.sinks.delivery.messages import Message, QueuedMessage
from edge_vad.sinks.delivery.outbox import Outbox
from edge_vad.sinks.threads.worker import Worker

_CAPACITY = 10_000
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_PATIENCE_S = 15.0
_log = logging.getLogger(__name__)


class NotDelivered(Exception):
    """The other side did not take the messages; they are tried again later.

    Args:
        why: What was wrong, one line without secrets.
    """


class Sender:
    """Spools messages in one thread and delivers them in another.

    Args:
        name: Of the threads.
        outbox: Where messages wait.
        deliver: Carries messages, oldest first, and returns the number of the last that arrived;
            None when none did. It may take its time, but returns soon once the event that it is
            given is set. It may be called before the sender is made.
        at_once: How many messages it is given at once.
        longest_wait_s: Between two tries.

    Attributes:
        why: Why nothing can be delivered; empty when all is well.
        delivered: Messages that arrived since the start.
    """

    def __init__(
        self,
        name: str,
        outbox: Outbox,
        deliver: Callable[[list[QueuedMessage], threading.Event], int | None],
        at_once: int = 1,
        longest_wait_s: float = _LONGEST_WAIT_S,
    ) -> None:
        self.why = ""
        self.delivered = 0
        self._stopping = threading.Event()
        self._name, self._outbox, self._deliver, self._at_once = name, outbox, deliver, at_once
        self._longest_wait_s = longest_wait_s
        self._news = threading.Event()
        self._began_s: float | None = None
        self._failures = 0
        self._spooler = Worker(f"{name}-spool", self._spool, _CAPACITY)
        self._deliverer = threading.Thread(target=self._deliver_waiting, name=name, daemon=True)
        self._deliverer.start()

    def send(self, message: Message) -> None:
        """Take a message, at once."""
        self._spooler.put(message)

    def health(self) -> SinkHealth:
        """Say how many messages wait, and for what."""
        why = "; ".join(each for each in (self.why or self._silence(), self._outbox.why) if each)
        depth = self._spooler.depth + self._outbox.depth
        return SinkHealth(not why, why, depth, self._spooler.dropped + self._outbox.lost)

    def unsaved(self) -> int:
        """Messages that are in memory alone."""
        return self._spooler.depth + self._outbox.in_memory

    def tally(self, refused: int = 0) -> Tally:
        """What became of the messages; `refused` of those that arrived were not taken."""
        lost = self._spooler.dropped + self._spooler.failed + self._outbox.lost + refused
        depth = self._spooler.depth + self._outbox.depth
        return Tally("messages", self.delivered - refused, depth, lost)

    def close(self, timeout_s: float) -> None:
        """Deliver what can be delivered in this time; the rest stays on disk."""
        until = time.monotonic() + timeout_s
        self._spooler.close(timeout_s)
        while self._outbox.depth and not self.why and time.monotonic() < until - 0.2:
            time.sleep(0.01)
        self._stopping.set()
        self._news.set()
        self._deliverer.join(max(0.1, until - time.monotonic()))
        self._outbox.close(until - time.monotonic())

    def _silence(self) -> str:
        """Says that a delivery takes long, whatever it waits for; empty while none does."""
        began_s = self._began_s
        if began_s is None or time.monotonic() - began_s < _PATIENCE_S:
            return ""
        return f"nothing has been delivered for {_PATIENCE_S:g} s"

    def _spool(self, messages: list[Message]) -> None:
        if messages:
            self._outbox.append(messages)
        else:
            self._outbox.flush()
        if self._outbox.depth:
            self._news.set()

    def _deliver_waiting(self) -> None:
        while not self._stopping.is_set():
            self._news.clear()
            messages = self._outbox.waiting(self._at_once)
            if messages:
                self._began_s = time.monotonic()
                self._try(messages)
                self._began_s = None
            else:
                self._news.wait()

    def _try(self, messages: list[QueuedMessage]) -> None:
        try:
            seq = self._deliver(messages, self._stopping)
            if seq is not None:
                self._outbox.done(seq)
                self.delivered += sum(message.seq <= seq for message in messages)
        except NotDelivered as error:
            self._wait_after(str(error))
        except Exception as error:  # noqa: BLE001 - a fault must not end it for good
            _log.exception("%s failed", self._name)
            self._wait_after(f"failed with {type(error).__name__}")
        else:
            self._failures = 0
            self.why = ""

    def _wait_after(self, why: str) -> None:
        """Wait longer and longer, and not in step with others that wait for the same."""
        if not self.why:
            _log.warning("%s: %s", self._name, why)
        self.why = why
        wait_s = min(self._longest_wait_s, _FIRST_WAIT_S * 2.0**self._failures)
        self._failures = min(self._failures + 1, 30)
        self._stopping.wait(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
