"""The sink that shows a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from edge_vad.camera_state import CameraState
from edge_vad.detection import Detection
from edge_vad.events import EventChange
from edge_vad.sinks.base import Sink, SinkHealth, Site
from edge_vad.sinks.page.live_site import LiveSite
from edge_vad.sinks.page.server import serve
from edge_vad.sinks.settings import PageSettings
from edge_vad.sinks.store import StoredEvents


class Page(Sink):
    """Shows the cameras and the store's events to browsers.

    Args:
        settings: Where, and to whom.
        folder: The store's folder.
        site: Whose cameras they are, and who is commanded.
        health: How every sink is, by its name.

    Raises:
        BadInput: The port is taken, or the token is not where it should be.
        Unavailable: Starlette and uvicorn are not installed.
    """

    name = "page"

    def __init__(
        self,
        settings: PageSettings,
        folder: Path,
        site: Site,
        health: Callable[[], Mapping[str, SinkHealth]],
    ) -> None:
        live = LiveSite(site, health, settings.fps)
        self._views = live.views
        self._server = serve(settings, StoredEvents(folder), live)

    def frame(self, camera: str, detection: Detection) -> None:
        """Show a scored frame, if somebody looks."""
        self._views[camera].frame(detection)

    def event(self, camera: str, change: EventChange) -> None:
        """Show that an event goes on, or no longer."""
        self._views[camera].event(change)

    def state(self, camera: str, state: CameraState, at: float) -> None:
        """Show a camera's state."""
        self._views[camera].state(state)

    def threshold(self, camera: str, false_alarms: str, score: float) -> None:
        """Show a threshold."""
        self._views[camera].accept(false_alarms, score)

    def timing(self, camera: str, stage: str, seconds: float) -> None:
        """Show how long a stage takes."""
        self._views[camera].timing(stage, seconds)

    def health(self) -> SinkHealth:
        """Say whether the page is served."""
        is_alive = self._server.is_alive
        return SinkHealth(is_alive, "" if is_alive else "the page is no longer served")

    def close(self, timeout_s: float) -> None:
        """Stop serving."""
        self._server.close(timeout_s)
