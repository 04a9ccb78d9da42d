"""How long to wait before a lost camera is tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from edge_vad.sources.feeds.feed import FeedLost

SHORTEST_S, LONGEST_S, SHARE = 0.25, 15.0, 0.1


def pause_after(outage_s: float, jitter: Callable[[], float] = random.random) -> float:
    """Seconds until the next try: a tenth of the time it has been away, give or take.

    So a camera that comes back is seen again soon, and one that is away for days costs nothing.
    The jitter keeps many cameras of one switch from coming back all at once.

    Args:
        outage_s: Seconds since it was lost.
        jitter: Gives numbers from 0 to 1.

    Example:
        >>> pause_after(10.0, jitter=lambda: 1.0)
        1.0
    """
    whole = min(max(outage_s * SHARE, SHORTEST_S), LONGEST_S)
    return whole * (0.5 + 0.5 * jitter())


class Outage:
    """How long a camera has been away, and when it is tried again."""

    def __init__(self) -> None:
        self._since_s = time.monotonic()
        self._patience_s = 0.0
        self._whys: set[str] = set()

    @property
    def seconds(self) -> float:
        """Since the last picture, or since the first try."""
        return time.monotonic() - self._since_s

    def over(self) -> None:
        """A picture came."""
        self._since_s = time.monotonic()
        self._whys.clear()

    def is_news(self, lost: FeedLost) -> bool:
        """Take why the camera is lost; whether that was not said yet since the last picture."""
        self._patience_s = lost.patience_s
        is_news = str(lost) not in self._whys
        self._whys.add(str(lost))
        return is_news

    def pause_s(self) -> float:
        """Seconds until the next try."""
        return max(pause_after(self.seconds), self._patience_s)
