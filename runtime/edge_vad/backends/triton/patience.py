"""When a server is asked again that did not answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from edge_vad.errors import ServerAway

Answer = TypeVar("Answer")

LONGEST_WAIT_S = 60.0
"""Seconds that footage waits for a server, at most; a camera does not wait."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_MOST_TRIES, _EARNED = 10.0, 0.1
"""Second tries that may be saved up, and what a frame that was scored adds to them."""


class Patience:
    """Asks a server, a second time if need be, and not again for a while where it is away.

    Second tries are paid from a budget that frames which were scored fill up, a tenth of a try
    each: a server that fails is not asked twice as often for it. While it is away it is asked after
    pauses that get longer, and in between nobody waits for it.

    Args:
        deadline_s: Seconds that a frame may take, with its second try.
        now: Seconds that only go on.
        pause: Waits for some seconds.

    Attributes:
        away: Why the server was away when it was asked last; None where it was not.
        may_wait: Whether a frame may wait until it is back.
    """

    def __init__(
        self,
        deadline_s: float,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.away: ServerAway | None = None
        self.may_wait = True
        self._deadline_s, self._now, self._sleep = deadline_s, now, pause
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
        if self.away and self._now() < self._next:
            raise self.away
        until = self._now() + self._deadline_s
        try:
            answer = self._twice(call, until)
        except ServerAway as error:
            self._pause_s = (
                min(2 * self._pause_s, _LONGEST_PAUSE_S) if self.away else _FIRST_PAUSE_S
            )
            self.away, self._next = error, self._now() + self._pause_s
            raise
        self.away = None
        self._tries = min(self._tries + _EARNED, _MOST_TRIES)
        return answer

    def _twice(self, call: Callable[[float], Answer], until: float) -> Answer:
        try:
            return call(until - self._now())
        except ServerAway:
            left_s = until - self._now()
            if self.away or self._tries < 1 or left_s <= 0:
                raise
            self._tries -= 1
            return call(left_s)
