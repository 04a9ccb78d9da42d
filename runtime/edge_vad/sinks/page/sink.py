"""The sink that shows a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edge_vad.camera_state import CameraState
from edge_vad.detection import Detection
from edge_vad.events import EventChange, WatchedCamera
from edge_vad.sinks.base import Sink, SinkHealth, Site
from edge_vad.sinks.edits import SiteEditor
from edge_vad.sinks.page.live_site import LiveSite
from edge_vad.sinks.page.server import serve
from edge_vad.sinks.pushes import PushDesk
from edge_vad.sinks.settings import PageSettings
from edge_vad.sinks.store import StoredEvents


class Page(Sink):
    """Shows the cameras and the store's events to browsers.

    Args:
        settings: Where, and to whom.
        folder: The store's folder.
        site: Whose cameras they are, and who is commanded.
        health: How every sink is, by its name.
        editor: Who changes the site file, if there is one.
        pushes: Who takes scenes that are rolled out, if anybody does.

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
        editor: SiteEditor | None = None,
        pushes: PushDesk | None = None,
    ) -> None:
        self._live = LiveSite(site, health, settings.fps)
        self._server = serve(settings, StoredEvents(folder), self._live, editor, pushes)

    def watch(self, cameras: Sequence[WatchedCamera]) -> None:
        """Show these cameras; pages that are open load anew."""
        self._live.watch(cameras)

    def frame(self, camera: str, detection: Detection) -> None:
        """Show a scored frame, if somebody looks."""
        if view := self._live.view(camera):
            view.frame(detection)

    def event(self, camera: str, change: EventChange) -> None:
        """Show that an event goes on, or no longer."""
        if view := self._live.view(camera):
            view.event(change)

    def state(self, camera: str, state: CameraState, at: float) -> None:
        """Show a camera's state."""
        if view := self._live.view(camera):
            view.state(state)

    def threshold(self, camera: str, false_alarms: str, score: float) -> None:
        """Show a threshold."""
        if view := self._live.view(camera):
            view.accept(false_alarms, score)

    def timing(self, camera: str, stage: str, seconds: float) -> None:
        """Show how long a stage takes."""
        if view := self._live.view(camera):
            view.timing(stage, seconds)

    def health(self) -> SinkHealth:
        """Say whether the page is served."""
        is_alive = self._server.is_alive
        return SinkHealth(is_alive, "" if is_alive else "the page is no longer served")

    def close(self, timeout_s: float) -> None:
        """Stop serving."""
        self._server.close(timeout_s)
