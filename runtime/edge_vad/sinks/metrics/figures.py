"""All figures for Prometheus: those that a run counts, and those that are read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from edge_vad.events import CameraStatus
from edge_vad.sinks.base import SinkHealth
from edge_vad.sinks.metrics.collector import SiteCollector

_BUCKETS_S = (
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
)  # fmt: skip


class Family(NamedTuple):
    """A metric as the documentation lists it.

    Attributes:
        name: As Prometheus has it.
        kind: `counter`, `gauge` or `histogram`.
        labels: What tells its values apart.
        meaning: One sentence.
    """

    name: str
    kind: str
    labels: Sequence[str]
    meaning: str


class Figures:
    """The figures of a run.

    Args:
        status: How every camera is.
        sinks: How every sink is, by its name.

    Attributes:
        registry: All of them.
        stages: Time of the stages of frames.
        events: Events of each camera.
        ongoing: Whether one goes on.
        threshold: The score from which on a frame alarms.
    """

    def __init__(
        self,
        status: Callable[[], Sequence[CameraStatus]],
        sinks: Callable[[], Mapping[str, SinkHealth]],
    ) -> None:
        self.registry = registry = CollectorRegistry()
        self.stages = Histogram(
            "edge_vad_stage_seconds",
            "Time a stage of a frame's way took; total is from capture to decision.",
            ["camera", "stage"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self.events = Counter("edge_vad_events", "Events.", ["camera"], registry=registry)
        self.ongoing = Gauge(
            "edge_vad_event_ongoing", "1 while an event goes on.", ["camera"], registry=registry
        )
        self.threshold = Gauge(
            "edge_vad_threshold", "Score from which on a frame alarms.", ["camera"],
            registry=registry,
        )  # fmt: skip
        self._read = SiteCollector(status, sinks)
        registry.register(self._read)

    def families(self) -> list[Family]:
        """Every metric, whether it has values already or not."""
        counted: list[MetricWrapperBase] = [self.stages, self.events, self.ongoing, self.threshold]
        found = [(*each.collect(), each._labelnames) for each in counted]
        found += [(each, each._labelnames) for each in self._read.collect()]  # type: ignore[attr-defined]
        return [
            Family(
                f"{each.name}_total" if each.type == "counter" else each.name,
                each.type,
                tuple(labels),
                each.documentation,
            )
            for each, labels in found
        ]
