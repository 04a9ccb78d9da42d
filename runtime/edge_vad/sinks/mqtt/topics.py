"""The topics of a site's cameras; documented in docs/events_to_programs.md."""

from __future__ import annotations

from collections.abc import Sequence

from edge_vad.sinks.naming import slugs


class Topics:
    """Names of topics.

    Args:
        prefix: Of all of them.
        cameras: Names of the cameras.

    Attributes:
        cameras: Names of the cameras.
        available: Whether the runtime is there.
        commands: A filter for all commands.
    """

    def __init__(self, prefix: str, cameras: Sequence[str]) -> None:
        self._prefix = prefix.strip("/")
        self.cameras = tuple(cameras)
        self._slugs = slugs(cameras)
        self.available = f"{self._prefix}/available"
        self.commands = f"{self._prefix}/+/threshold/set"
        self._cameras = {self.threshold_command(camera): camera for camera in cameras}

    def has(self, camera: str) -> bool:
        """Whether it is one of the cameras."""
        return camera in self._slugs

    def slug(self, camera: str) -> str:
        """A camera's name, as it stands in topics."""
        return self._slugs[camera]

    def event(self, camera: str, kind: str) -> str:
        """The topic of changes of events."""
        return self._of(camera, f"events/{kind}")

    def state(self, camera: str) -> str:
        """The topic of a camera's state."""
        return self._of(camera, "state")

    def anomaly(self, camera: str) -> str:
        """The topic of whether an event goes on: `ON` or `OFF`."""
        return self._of(camera, "anomaly")

    def snapshot(self, camera: str) -> str:
        """The topic of the newest event's picture, a JPEG."""
        return self._of(camera, "snapshot")

    def threshold(self, camera: str) -> str:
        """The topic of the accepted false alarms."""
        return self._of(camera, "threshold")

    def threshold_command(self, camera: str) -> str:
        """The topic of commands that change them."""
        return self._of(camera, "threshold/set")

    def commanded(self, topic: str) -> str | None:
        """The camera that a command is for; None if there is none."""
        return self._cameras.get(topic)

    def _of(self, camera: str, what: str) -> str:
        # A camera may have gone from the site file since its event was written down.
        slug = self._slugs.get(camera) or slugs([camera])[camera]
        return f"{self._prefix}/{slug}/{what}"
