"""The sink that counts and measures, and the address at which Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from edge_vad.errors import Unavailable
from edge_vad.events import ChangeKind, EventChange, WatchedCamera
from edge_vad.sinks.base import Sink, SinkHealth, Site
from edge_vad.sinks.ongoing import OngoingEvents
from edge_vad.sinks.settings import MetricsSettings

try:
    from prometheus_client.exposition import generate_latest
except ImportError as error:
    raise Unavailable(
        "prometheus-client is not installed",
        "run pip install 'edge-vad[metrics]', or leave out the metrics",
    ) from error

from edge_vad.sinks.metrics.figures import Figures
from edge_vad.sinks.metrics.server import serve


class Metrics(Sink):
    """Counts events and measures stages; frames, states, sinks and sensors are read when asked for.

    Args:
        settings: Where to listen.
        site: Whose cameras they are.
        sinks: How every sink is, by its name.

    Raises:
        BadInput: Somebody listens there already, the address is not this machine's, or the token
            is not where it should be.
        Unavailable: prometheus-client, Starlette or uvicorn is not installed.
    """

    name = "metrics"

    def __init__(
        self,
        settings: MetricsSettings,
        site: Site,
        sinks: Callable[[], Mapping[str, SinkHealth]],
    ) -> None:
        self._figures = Figures(lambda: site.status(), sinks)
        self._going_on = OngoingEvents()
        self._watched: set[str] = set()
        self.watch(site.cameras)
        self._server = serve(settings, self._figures.registry)

    def watch(self, cameras: Sequence[WatchedCamera]) -> None:
        """Show what is of these alone; what was counted and measured of others stays."""
        names = {camera.name for camera in cameras}
        for name in names - self._watched:
            self._figures.events.labels(name)
            self._figures.ongoing.labels(name).set(0)
        for name in self._watched - names:
            for gauge in (self._figures.ongoing, self._figures.threshold):
                with suppress(KeyError):
                    gauge.remove(name)
        self._watched = names

    def timing(self, camera: str, stage: str, seconds: float) -> None:
        """Measure a stage."""
        self._figures.stages.labels(camera, stage).observe(seconds)

    def event(self, camera: str, change: EventChange) -> None:
        """Count the event."""
        if change.kind is ChangeKind.NEW:
            self._figures.events.labels(camera).inc()
        is_ongoing = self._going_on.take(change)
        if camera in self._watched:
            self._figures.ongoing.labels(camera).set(is_ongoing)

    def threshold(self, camera: str, false_alarms: str, score: float) -> None:
        """Show the threshold."""
        self._figures.threshold.labels(camera).set(score)

    def health(self) -> SinkHealth:
        """Say whether the figures are served."""
        is_alive = self._server.is_alive
        return SinkHealth(is_alive, "" if is_alive else "the metrics are no longer served")

    def exposition(self) -> bytes:
        """All figures in the text format of Prometheus, for another server to show."""
        return generate_latest(self._figures.registry)

    def close(self, timeout_s: float) -> None:
        """Stop listening."""
        self._server.close(timeout_s)
