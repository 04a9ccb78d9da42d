"""How long work in bulk still takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from edge_vad.bulk.jobs import Job


class Estimate:
    """Follows the jobs that are over, by their weights where all are known.

    Args:
        jobs: What is to be done.
        clock: Seconds that go on.

    Attributes:
        done: Share that is over, 0 to 1.
        count: How many jobs are over.
    """

    def __init__(
        self, jobs: Sequence[Job[Any]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.done, self.count = 0.0, 0
        self._clock, self._begun_s = clock, clock()
        total = sum(job.weight for job in jobs)
        is_known = total > 0 and all(job.weight > 0 for job in jobs)
        self._shares = {job.name: job.weight / total if is_known else 1 / len(jobs) for job in jobs}

    def finish(self, job: Job[Any]) -> None:
        """A job is over."""
        self.done += self._shares[job.name]
        self.count += 1

    def left_s(self) -> float | None:
        """Seconds until the end, at the pace so far; None while nothing is over."""
        if not self.done:
            return None
        return (self._clock() - self._begun_s) * max(0.0, 1 - self.done) / self.done


def describe_duration(seconds: float) -> str:
    """A duration in words, rounded.

    Example:
        >>> describe_duration(8.2), describe_duration(200.0), describe_duration(40_000.0)
        ('8 s', '3 min', '11.1 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
