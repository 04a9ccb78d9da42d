"""Figures that are read when Prometheus asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from edge_vad.camera_state import CameraState
from edge_vad.events import CameraStatus
from edge_vad.sinks.base import SinkHealth
from edge_vad.sinks.metrics.device_readings import Reading, powers, temperatures
from edge_vad.sinks.metrics.gpu_readings import Gpus


class SiteCollector(Collector):
    """Cameras, sinks and sensors, as they are when they are asked for.

    Args:
        status: How every camera is.
        sinks: How every sink is, by its name.
    """

    def __init__(
        self,
        status: Callable[[], Sequence[CameraStatus]],
        sinks: Callable[[], Mapping[str, SinkHealth]],
    ) -> None:
        self._status, self._sinks = status, sinks
        self._gpus = Gpus()

    def collect(self) -> Iterator[Metric]:
        """All figures."""
        yield from _cameras(list(self._status()))
        yield from _health(self._sinks())
        hot, drawn = self._gpus.readings()
        yield _sensors("temperature_celsius", "Temperature of a part.", [*temperatures(), *hot])
        yield _sensors("power_watts", "Power of a part.", [*powers(), *drawn])

    def describe(self) -> Iterator[Metric]:
        """Nothing is read before somebody asks."""
        return iter(())


def _cameras(cameras: list[CameraStatus]) -> Iterator[Metric]:
    frames = CounterMetricFamily("edge_vad_frames", "Frames scored.", labels=["camera"])
    dropped = CounterMetricFamily(
        "edge_vad_frames_dropped", "Frames passed over for newer ones.", labels=["camera"]
    )
    reconnects = CounterMetricFamily(
        "edge_vad_reconnects", "Connections made again.", labels=["camera"]
    )
    age = GaugeMetricFamily(
        "edge_vad_frame_age_seconds", "Age of the frame scored last.", labels=["camera"]
    )
    state = GaugeMetricFamily(
        "edge_vad_camera_state", "1 for the state a camera is in.", labels=["camera", "state"]
    )
    unjudged = CounterMetricFamily(
        "edge_vad_frames_unjudged", "Frames not judged.", labels=["camera", "reason"]
    )
    decoder = GaugeMetricFamily(
        "edge_vad_camera_decoder", "1 for what decodes a camera.", labels=["camera", "decoder"]
    )
    for camera in cameras:
        if camera.decoder:
            decoder.add_metric([camera.name, camera.decoder], 1.0)
        name = [camera.name]
        for reason, count in camera.unjudged.items():
            unjudged.add_metric([camera.name, reason], count)
        frames.add_metric(name, camera.frames)
        dropped.add_metric(name, camera.dropped)
        reconnects.add_metric(name, camera.reconnects)
        if camera.age_s is not None:
            age.add_metric(name, camera.age_s)
        for each in CameraState:
            state.add_metric([camera.name, each.value], float(each is camera.state))
    yield from (frames, dropped, unjudged, reconnects, age, state, decoder)


def _health(sinks: Mapping[str, SinkHealth]) -> Iterator[Metric]:
    ok = GaugeMetricFamily(
        "edge_vad_sink_ok", "Whether a sink does all it should.", labels=["sink"]
    )
    depth = GaugeMetricFamily("edge_vad_sink_queue", "What waits in a sink.", labels=["sink"])
    dropped = CounterMetricFamily("edge_vad_sink_dropped", "What a sink lost.", labels=["sink"])
    for name, health in sinks.items():
        ok.add_metric([name], float(health.ok))
        depth.add_metric([name], health.depth)
        dropped.add_metric([name], health.dropped)
    yield from (ok, depth, dropped)


def _sensors(name: str, words: str, readings: list[Reading]) -> Metric:
    family = GaugeMetricFamily(f"edge_vad_device_{name}", words, labels=["sensor"])
    for sensor, value in readings:
        family.add_metric([sensor], value)
    return family
