"""The interface of everything that the interleaved runner times."""

from __future__ import annotations

from abc import ABC, abstractmethod

from edge_vad_bench.measure.stopwatch import Stopwatch


class Workload(ABC):
    """Work whose queries are timed one after the other.

    Attributes:
        name: Unique in a report.
        scenario: Of MLPerf LoadGen, or a name of its own.
        subject: What is measured, for readers.
        precision: What the encoders compute in; empty where there are none.
        backend: What runs the graph; empty where nothing does.
        device: Where it runs.
        frames: Frames that a query decides on.
        metric_percentile: The percentile, 0 to 100, that the scenario reports.
    """

    name: str
    scenario: str
    subject: str
    precision: str = ""
    backend: str = ""
    device: str = "cpu"
    frames: int = 1
    metric_percentile: float = 50.0

    @abstractmethod
    def query(self, watch: Stopwatch) -> bool:
        """Do the next query; False where it does not count, as when a recording began anew."""

    def values(self) -> dict[str, float]:
        """Further figures, once all is measured."""
        return {}

    def close(self) -> None:
        """Release what it holds."""
