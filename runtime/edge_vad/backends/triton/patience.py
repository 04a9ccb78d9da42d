"""When a server is asked again that did not answer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from edge_vad.errors import ServerAway

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)

LONGEST_WAIT_S = 60.0
"""Seconds that footage waits for a server, at most; a camera does not wait."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_MOST_TRIES, _EARNED = 10.0, 0.1
"""Second tries that may be saved up, and what a frame that was scored adds to them."""


class Patience:
    """Asks a server, a second time if need be, and not again for a while where it is away.

    Second tries are paid from a budget that frames which were scored fill up, a tenth of a try
    each: a server that fails is not asked twice as often for it. While it is away it is asked after
    pauses that get longer, and in between nobody waits for it. Where frames do not wait, a thread
    of its own asks: each question to a server that is silent takes the whole deadline, and in that
    time no camera would be scored.

    Args:
        deadline_s: Seconds that a frame may take, with its second try.
        look: Sees whether the server is back, given the seconds that it may take; raises
            `ServerAway`. None: the next frame sees it.
        now: Seconds that only go on.
        pause: Waits for some seconds.

    Attributes:
        away: Why the server was away when it was asked last; None where it was not.
        may_wait: Whether a frame may wait until it is back.
    """

    def __init__(
        self,
        deadline_s: float,
        look: Callable[[float], object] | None = None,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.away: ServerAway | None = None
        self.may_wait = True
        self._deadline_s, self._now, self._sleep = deadline_s, now, pause
        self._look, self._looking = look, threading.Thread()
        self._tries = _MOST_TRIES
        self._pause_s, self._next = _FIRST_PAUSE_S, 0.0

    def ask(self, call: Callable[[float], Answer]) -> Answer:
        """Ask until there is an answer, or no sense in asking.

        Args:
            call: Asks the server, given the seconds that it may take; raises `ServerAway`.

        Raises:
            ServerAway: There is none.
        """
        until = self._now() + LONGEST_WAIT_S
        while True:
            try:
                return self._ask_now(call)
            except ServerAway:
                if not self.may_wait or self._now() >= until:
                    raise
            self._sleep(max(0.0, self._next - self._now()))

    def _ask_now(self, call: Callable[[float], Answer]) -> Answer:
        if away := self._still_away():
            raise away.with_traceback(None)  # or it would hold the pictures of every frame
        until = self._now() + self._deadline_s
        try:
            answer = self._twice(call, until)
        except ServerAway as error:
            self._lose(error)
            raise
        self.away = None
        self._tries = min(self._tries + _EARNED, _MOST_TRIES)
        return answer

    def _still_away(self) -> ServerAway | None:
        """Why the server is not to be asked by this frame; None where it is."""
        away, is_due = self.away, self._now() >= self._next
        if away and self._look and not self.may_wait:
            if is_due and not self._looking.is_alive():
                self._looking = threading.Thread(target=self._see, name="triton", daemon=True)
                self._looking.start()
            return away
        if self._looking.is_alive():
            self._looking.join()
        return self.away if self._now() < self._next else None

    def _see(self) -> None:
        assert self._look  # noqa: S101 - or nobody would begin to
        try:
            self._look(self._deadline_s)
        except ServerAway as error:
            self._lose(error)
        except Exception as error:  # noqa: BLE001 - as where it is closed meanwhile
            _log.debug("the server was not seen", exc_info=True)
            self._lose(ServerAway(f"it cannot be asked ({type(error).__name__})", "see the log"))
        else:
            self.away = None

    def _lose(self, error: ServerAway) -> None:
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S) if self.away else _FIRST_PAUSE_S
        self._next = self._now() + self._pause_s
        self.away = error

    def _twice(self, call: Callable[[float], Answer], until: float) -> Answer:
        try:
            return call(until - self._now())
        except ServerAway:
            left_s = until - self._now()
            if self.away or self._tries < 1 or left_s <= 0:
                raise
            self._tries -= 1
            return call(left_s)
