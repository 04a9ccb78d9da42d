"""CPU contention: how much CPU time other processes use meanwhile."""

from __future__ import annotations

import os
import time
from pathlib import Path

_STAT = Path("/proc/stat")
_IDLE = (3, 4)
_GUESTS = 8
"""From this column on, values are already counted in earlier columns."""


class CpuContention:
    """Measures the CPU time of all other processes, and of other guests of a hypervisor."""

    def __init__(self) -> None:
        self._began = self._read()

    def cores(self) -> float | None:
        """Cores that others used since this was made, on average; None: the system is silent."""
        now = self._read()
        if self._began is None or now is None:
            return None
        wall, busy, own = (after - before for before, after in zip(self._began, now, strict=True))
        return max(0.0, (busy - own) / wall) if wall else None

    @staticmethod
    def _read() -> tuple[float, float, float] | None:
        """Seconds: wall clock, CPU time of all CPUs, CPU time of this process."""
        try:
            columns = [int(each) for each in _STAT.read_text().split("\n", 1)[0].split()[1:]]
        except (OSError, ValueError):
            return None
        ticks = sum(n for at, n in enumerate(columns[:_GUESTS]) if at not in _IDLE)
        return time.monotonic(), ticks / os.sysconf("SC_CLK_TCK"), time.process_time()
