"""A point in time until which everything must have happened."""

from __future__ import annotations

import errno
import time


class Deadline:
    """A point in time until which everything must have happened.

    Args:
        seconds: From now on.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        """Allow as much time once more."""
        self._until = time.monotonic() + self._seconds

    def allow(self, seconds: float) -> None:
        """Allow so many seconds from now on."""
        self._seconds = seconds
        self.renew()

    def left_s(self) -> float:
        """Seconds that are left.

        Raises:
            TimeoutError: None is.
        """
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise self.error()
        return left_s

    def error(self) -> TimeoutError:
        """That it is over."""
        return TimeoutError(errno.ETIMEDOUT, f"no whole answer within {self._seconds:g} s")
