"""Whether a device keeps up with a camera whose pictures it encodes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_IDLE = 0.2
"""Share of the time that is waited for pictures, at least, by a device that keeps up."""
_KEPT = 0.8
"""Share of the pictures that it keeps, at least."""
_SHORTEST_S = 1.0


class Throughput:
    """Measures how many pictures are kept, and whether the camera or this device decides that.

    A device that is too slow never waits: the next picture is there before it is done with the last
    one. A camera that is slower than it declares, as many are in the dark, is waited for.

    Args:
        declared: Frames a second that the camera declares.
        clock: Monotonic seconds.
    """

    def __init__(self, declared: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._declared, self._clock = declared, clock
        self._since_s = self._last_s = -math.inf
        self._waited_s, self._pictures = 0.0, 0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for the next picture."""
        began_s = self._clock()
        yield
        self._last_s = self._clock()
        if self._since_s == -math.inf:
            self._since_s = self._last_s  # what it took to begin does not count
        else:
            self._waited_s += self._last_s - began_s
            self._pictures += 1

    def too_slow(self) -> str:
        """What is lost since this was asked last, in words; nothing where the device keeps up.

        Example:
            >>> ticks = iter((0.0, 0.0, 0.9, 0.9, 1.8, 1.8))
            >>> throughput = Throughput(10, lambda: next(ticks))
            >>> for _ in range(3):
            ...     with throughput.waiting():
            ...         pass
            >>> throughput.too_slow()
            'this device is too slow: it keeps 1.1 of 10 pictures a second'
        """
        passed_s = self._last_s - self._since_s if self._pictures else 0.0
        if passed_s < _SHORTEST_S:
            return ""
        waited, kept = self._waited_s / passed_s, self._pictures / passed_s
        self._since_s, self._waited_s, self._pictures = self._last_s, 0.0, 0
        if waited >= _IDLE or kept >= _KEPT * self._declared:
            return ""
        return (
            f"this device is too slow: it keeps {kept:.2g} of {self._declared:.3g} "
            "pictures a second"
        )
