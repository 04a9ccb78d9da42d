"""How long to wait before a lost camera is tried again."""

from __future__ import annotations

import random
from collections.abc import Callable

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
