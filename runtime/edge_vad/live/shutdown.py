"""The time in which a run that is asked to end has ended."""

from __future__ import annotations

import time

SHUTDOWN_S = 5.0
"""What is promised; systemd and people wait no longer."""
_SPARE_S = 2.0
"""For Python itself to end, on a machine that has much else to do."""


class ShutdownDeadline:
    """Counts from when a run is asked to end, by whatever that is; all share the time."""

    def __init__(self) -> None:
        self._until: float | None = None

    def ask(self) -> None:
        """The run is to end; only the first time counts. May be called by a signal's handler."""
        if self._until is None:
            self._until = time.monotonic() + SHUTDOWN_S - _SPARE_S

    def left_s(self) -> float:
        """Seconds that are left; not below 0."""
        self.ask()
        assert self._until is not None  # noqa: S101 - set above
        return max(0.0, self._until - time.monotonic())
