"""How often a line may be logged: whoever can make us log must not fill the disk."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

WHILE_S = 60.0
OF_SOURCE, OF_KIND = 10, 100
"""Lines of one kind about one source, and about all of them, in a while."""
_MOST_KEPT = 500


@dataclass(slots=True)
class _Count:
    """Lines that are counted together.

    Attributes:
        until: When the while is over.
        logged: Lines that were let through.
        left_out: Lines that were not.
        last: The last of these.
    """

    until: float
    logged: int = 0
    left_out: int = 0
    last: str = ""


class LogLimit:
    """Lets the first lines of every source pass, and of the others says only how many there were.

    A kind is a place in the code with its words; its source is the first thing that stands in them,
    such as a camera's name or an address. What is kept here is bounded, too.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[object, ...], _Count] = OrderedDict()

    def admits(self, record: logging.LogRecord) -> bool:
        """Whether a line may be logged."""
        kind = (record.name, record.levelno, str(record.msg))
        source = str(record.args[0])[:200] if isinstance(record.args, tuple) and record.args else ""
        counts = self._count(kind), self._count((*kind, source))
        for count, most in zip(counts, (OF_KIND, OF_SOURCE), strict=True):
            if count.logged >= most:
                count.left_out += 1
                count.last = record.getMessage()[:300]
                return False
        for count in counts:
            count.logged += 1
        return True

    def summaries(self, *, at_end: bool = False) -> list[str]:
        """What was left out in every while that is over, or in all of them; each is told once."""
        now = self._clock()
        over = [key for key, count in self._kept.items() if at_end or count.until <= now]
        counts = [self._kept.pop(key) for key in over]
        return [
            f"left out {count.left_out} more lines like this: {count.last}"
            for count in counts
            if count.left_out
        ]

    def _count(self, key: tuple[object, ...]) -> _Count:
        count = self._kept.get(key)
        if count is None:
            count = self._kept[key] = _Count(self._clock() + WHILE_S)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)  # what is used longest ago goes first
        return count
