"""A box: the real page of a machine, of cameras that only say how they are, and of a real store.

python tests/servers/acting_box.py FOLDER PORT [--cameras 2] [--token-file FILE] [--slow SECONDS]
"""

from __future__ import annotations

import argparse
import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from acting_site import card

from edge_vad.camera_state import CameraState
from edge_vad.events import CameraStatus, WatchedCamera
from edge_vad.sinks.page.app import PageApp
from edge_vad.sinks.page.live_site import LiveSite
from edge_vad.sinks.page.server import serve_app
from edge_vad.sinks.settings import PageSettings
from edge_vad.sinks.store import StoredEvents


class _Site:
    """What the page asks."""

    budget = None

    def __init__(self, names: Sequence[str]) -> None:
        scene = card()
        self.cameras = [WatchedCamera(name, scene, 10.0) for name in names]

    def status(self) -> list[CameraStatus]:
        return [CameraStatus(each.name, CameraState.LIVE, 100, 0, 0, 0.05) for each in self.cameras]


class ActingBox:
    """A page that is served until it is closed.

    Args:
        folder: Of the store.
        names: Of the cameras; none: only stored events are shown.
        slow_s: How long every answer takes.
        **settings: Of the page.
    """

    def __init__(
        self, folder: Path, names: Sequence[str], slow_s: float = 0.0, **settings: Any
    ) -> None:
        site: Any = _Site(names)
        self.cameras = site.cameras
        self.live = LiveSite(site, dict, 5.0) if names else None
        for name in names:
            self.say(name, CameraState.LIVE)

        def app(access: Any) -> Any:
            made = PageApp(StoredEvents(folder), self.live, access).routes()

            async def slow(*call: Any) -> None:
                await asyncio.sleep(slow_s)
                await made(*call)

            return slow

        self._server = serve_app(PageSettings(**settings), folder, app)

    def say(self, name: str, state: CameraState) -> None:
        """Let a camera be in a state."""
        view = self.live.view(name) if self.live else None
        assert view is not None
        view.state(state)

    def close(self) -> None:
        """End it."""
        self._server.close(2.0)


def main() -> None:
    """Serve until it is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--cameras", type=int, default=2)
    parser.add_argument("--token-file")
    parser.add_argument("--slow", type=float, default=0.0)
    said = parser.parse_args()
    names = [f"camera-{number:02}" for number in range(said.cameras)]
    ActingBox(said.folder, names, said.slow, port=said.port, token_file=said.token_file)
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
