"""How much may be recorded: time of every camera, and room of all together."""

from __future__ import annotations

import math
import shutil
import threading
import time
from enum import Enum
from pathlib import Path

LEAST_FREE = 500_000_000
"""Bytes of the disk that are left to others."""
_LOOK_S = 1.0
_GRACE_S, _GRACE_SHARE = 30.0, 0.01
_SHORT_S = 1.0


class Ending(str, Enum):
    """Why a camera's recording ended."""

    WHOLE = "all was recorded"
    OVER = "the source is over"
    TIME = "the time was over"
    SIZE = "the size was reached"
    DISK = "the disk is full"
    STOPPED = "it was stopped"
    FAILED = "it failed"


class Room:
    """Counts the bytes of all cameras; asked by the thread of each.

    Args:
        folder: On the disk in question.
        most: Bytes that the footage may take in all.
        used: Bytes that it takes already.
    """

    def __init__(self, folder: Path, most: int, used: int) -> None:
        self._folder, self._most, self._used = folder, most, used
        self._lock = threading.Lock()
        self._looked_s = -math.inf
        self._is_full = False

    @property
    def left(self) -> int:
        """Bytes that may still be written; not below 0."""
        free = shutil.disk_usage(self._folder).free - LEAST_FREE
        return max(0, min(self._most - self._used, free))

    def take(self, size: int) -> Ending | None:
        """Take so many bytes; why no more may be recorded, where that is so."""
        with self._lock:
            self._used += size
            if self._used >= self._most:
                return Ending.SIZE
            if time.monotonic() - self._looked_s >= _LOOK_S:
                self._looked_s = time.monotonic()
                self._is_full = shutil.disk_usage(self._folder).free < LEAST_FREE
            return Ending.DISK if self._is_full else None


class Span:
    """How long one camera is recorded.

    What it records counts, and what earlier runs have recorded; without signal it ends a little
    after the time in which it could have recorded what was missing.

    Args:
        wanted_s: Seconds of footage in all; None: without end.
        present_s: Seconds that there are.
        is_paced: Whether the source takes as long as what it shows.
    """

    def __init__(self, wanted_s: float | None, present_s: float, *, is_paced: bool) -> None:
        self._wanted_s = math.inf if wanted_s is None else wanted_s
        missing_s = self._wanted_s - present_s
        self._longest_s = missing_s + max(_GRACE_S, missing_s * _GRACE_SHARE)
        if not is_paced:
            self._longest_s = math.inf
        self._until_s = time.monotonic() + self._longest_s

    def begin(self) -> None:
        """The first picture came: what it took the camera to answer does not count."""
        self._until_s = time.monotonic() + self._longest_s

    @property
    def left_s(self) -> float:
        """Seconds until it ends at the latest."""
        return self._until_s - time.monotonic()

    def is_whole(self, recorded_s: float) -> bool:
        """Whether everything is there that was wanted, or as good as."""
        return recorded_s >= self._wanted_s - _SHORT_S

    def over(self, recorded_s: float) -> Ending | None:
        """Why it is over, where it is."""
        if recorded_s >= self._wanted_s:
            return Ending.WHOLE
        return Ending.TIME if self.left_s <= 0 else None
