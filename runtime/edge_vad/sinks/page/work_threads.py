"""A few threads for work that blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio

_COUNT = 2
Result = TypeVar("Result")


class WorkThreads:
    """So few that requests of one kind neither take all cores nor wait for those of another."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None

    async def do(self, work: Callable[[], Result]) -> Result:
        """Do something in one of the threads."""
        if self._limiter is None:  # it belongs to the running loop
            self._limiter = anyio.CapacityLimiter(_COUNT)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)
