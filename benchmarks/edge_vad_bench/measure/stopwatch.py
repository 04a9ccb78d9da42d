"""Times a query and its stages."""

from __future__ import annotations

from time import perf_counter_ns, process_time_ns, thread_time_ns

_MILLION = 1_000_000


class Stopwatch:
    """Times one query after the other.

    A stage is what lies between two marks; stages that come several times in a query, as with
    several cameras, are added up. The query ends with `decided`, and what is marked afterwards
    counts as a stage, but not for the query.

    Attributes:
        stages: Stage to its nanoseconds in the query at hand.
    """

    def __init__(self) -> None:
        self.stages: dict[str, int] = {}
        self._began = self._last = self._ended = 0
        self._cpu_began = self._cpu_ended = 0

    def start(self) -> None:
        """Begin a query."""
        self.stages = {}
        self._ended = self._cpu_ended = 0
        self._cpu_began = process_time_ns()
        self._began = self._last = perf_counter_ns()

    def mark(self, stage: str) -> None:
        """End a stage."""
        now = perf_counter_ns()
        self.stages[stage] = self.stages.get(stage, 0) + now - self._last
        self._last = now

    def decided(self) -> None:
        """End the query."""
        self._ended = perf_counter_ns()
        self._cpu_ended = process_time_ns()

    def inject_delay(self, share: float, device: str) -> None:
        """Busy-wait for a share of the query's time; of its CPU time where the CPU computed it."""
        if not share:
            return
        clock, took_ms = perf_counter_ns, self.elapsed_ms
        if device == "cpu":
            clock, took_ms = thread_time_ns, self.cpu_ms
        until = clock() + share * took_ms * _MILLION
        while clock() < until:
            pass

    @property
    def elapsed_ms(self) -> float:
        """Time from the query's start to its decision."""
        return ((self._ended or perf_counter_ns()) - self._began) / _MILLION

    @property
    def cpu_ms(self) -> float:
        """CPU time of all threads from the query's start to its decision."""
        return ((self._cpu_ended or process_time_ns()) - self._cpu_began) / _MILLION

    @property
    def stages_ms(self) -> dict[str, float]:
        """Stage to its time, ms."""
        return {stage: time / _MILLION for stage, time in self.stages.items()}
