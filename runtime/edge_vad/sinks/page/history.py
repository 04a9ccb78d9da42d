"""The scores of the last hour, for a timeline."""

from __future__ import annotations

import threading
from collections import deque

SPAN_S = 3600
"""Seconds that are kept."""


class ScoreHistory:
    """The highest score of every second; written by one thread, read by any."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, float]] = deque(maxlen=SPAN_S)
        self._lock = threading.Lock()

    def add(self, at_s: float, score: float) -> None:
        """Take a score; times never go back."""
        second = int(at_s)
        with self._lock:
            if self._seconds and self._seconds[-1][0] == second:
                if score <= self._seconds[-1][1]:
                    return
                self._seconds.pop()
            self._seconds.append((second, round(score, 3)))

    def since(self, second: int) -> list[tuple[int, float]]:
        """Seconds and their highest scores from this second on, oldest first."""
        found: list[tuple[int, float]] = []
        with self._lock:
            for each in reversed(self._seconds):
                if each[0] < second:
                    break
                found.append(each)
        return found[::-1]
