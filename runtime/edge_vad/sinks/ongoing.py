"""Which events go on: zones of one camera may each have one."""

from __future__ import annotations

from edge_vad.events import ChangeKind, EventChange


class OngoingEvents:
    """Follows the changes of events, of which each zone has one at a time; used by one thread."""

    def __init__(self) -> None:
        self._by_camera: dict[str, set[str]] = {}

    def take(self, change: EventChange) -> bool:
        """Take a change; whether any event of its camera goes on after it."""
        ongoing = self._by_camera.setdefault(change.event.camera, set())
        if change.kind is ChangeKind.END:
            ongoing.discard(change.event.zone)
        else:
            ongoing.add(change.event.zone)
        return bool(ongoing)
