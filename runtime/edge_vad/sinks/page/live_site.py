"""Responses about live cameras."""

from __future__ import annotations

import base64
import logging
import struct
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from edge_vad.camera_state import CameraState
from edge_vad.errors import WrongUse
from edge_vad.events import CameraStatus, WatchedCamera
from edge_vad.false_alarms import describe_rate, parse_rate
from edge_vad.outputs.heatmap import heatmap_colours
from edge_vad.sinks.base import SinkHealth, Site
from edge_vad.sinks.page.history import SPAN_S
from edge_vad.sinks.page.requests import WantedPicture
from edge_vad.sinks.page.snapshots import Snapshot
from edge_vad.sinks.page.threshold_presets import ThresholdPreset
from edge_vad.sinks.page.view import CameraCard, CameraNow, CameraView

_log = logging.getLogger(__name__)


class SiteResponse(msgspec.Struct, frozen=True):
    """What does not change while the page is open.

    Attributes:
        live: Whether cameras are watched; else only stored events are shown.
        token: Whether this caller has logged in, and may log out.
        may_change: Whether this caller may change anything.
        may_unlock: Whether the token for changes would allow more.
        edits: Whether the site file can be changed here.
        run: Another one after every start, and for other cameras.
        cameras: The cameras.
        recorded: Names of the cameras that there are events of.
        colours: Red, green, blue and opacity of the 256 levels of the heat map, base64.
        span_s: Seconds of scores that are kept.
        fps: Pictures a second that are worth asking for.
    """

    live: bool
    token: bool = False
    may_change: bool = False
    may_unlock: bool = False
    edits: bool = False
    run: str = ""
    cameras: tuple[CameraCard, ...] = ()
    recorded: tuple[str, ...] = ()
    colours: str = ""
    span_s: int = SPAN_S
    fps: float = 0.0


class Trouble(msgspec.Struct, frozen=True):
    """A sink that does not do all it should."""

    sink: str
    why: str


class Budget(msgspec.Struct, frozen=True):
    """The false alarms that all cameras together accept.

    Attributes:
        false_alarms: As the site file says it.
        words: The same as people say it.
        accepted: What the cameras and their zones accept just now, as people say it.
    """

    false_alarms: str
    words: str
    accepted: str


class LiveResponse(msgspec.Struct, frozen=True):
    """How all is just now.

    Attributes:
        run: As in `SiteResponse`; another one tells a page that it is out of date.
        now: Seconds on the page's clock.
        cameras: The cameras.
        troubles: Sinks that are not well, and false alarms beyond what the site accepts.
        budget: What all cameras together accept; None where the site file does not say.
    """

    run: str
    now: float
    cameras: list[CameraNow]
    troubles: list[Trouble]
    budget: Budget | None = None


class _Shown(NamedTuple):
    """What is shown: another run for other cameras."""

    run: str
    views: dict[str, CameraView]


_ROUNDING = 1.001
_GONE = CameraStatus("", CameraState.ENDED, 0, 0, 0, None)
"""A camera that is about to be shown no more."""


class LiveSite:
    """The live cameras, as the page needs them.

    Args:
        site: The cameras, and who is commanded.
        health: How every sink is, by its name.
        fps: Pictures a second of each camera, at most.
    """

    def __init__(
        self, site: Site, health: Callable[[], Mapping[str, SinkHealth]], fps: float
    ) -> None:
        self._site, self._health, self._fps = site, health, fps
        self._began_s = time.monotonic()
        self._shown = _Shown("", {})
        self.watch(site.cameras)

    def watch(self, cameras: Sequence[WatchedCamera]) -> None:
        """Show these cameras; what is shown of those that go on stays."""
        before = self._shown.views
        views = {
            camera.name: known
            if (known := before.get(camera.name)) and known.shows(camera)
            else CameraView(camera, self._fps, self._began_s)
            for camera in cameras
        }
        self._shown = _Shown(f"{time.time_ns():x}", views)

    def view(self, camera: str) -> CameraView | None:
        """The state of a camera; None where it is not shown."""
        return self._shown.views.get(camera)

    def __len__(self) -> int:
        return len(self._shown.views)

    def described(self) -> SiteResponse:
        """What does not change."""
        run, views = self._shown
        return SiteResponse(
            live=True,
            run=run,
            cameras=tuple(view.card for view in views.values()),
            colours=base64.b64encode(heatmap_colours().tobytes()).decode(),
            fps=self._fps,
        )

    def now(self, wanted: Sequence[WantedPicture], since: int) -> bytes:
        """How all is, with pictures.

        Args:
            wanted: The pictures that are asked for.
            since: Second on the page's clock from which on scores are told; below 0: so long ago.

        Returns:
            The length of a JSON document, four bytes, big-endian; the document, a `LiveResponse`;
            and of every picture that it names the JPEG and the levels, one after the other.
        """
        now = time.monotonic() - self._began_s
        since = int(now) + since if since < 0 else since
        run, shown = self._shown
        views = list(shown.values())
        pictures: dict[int, Snapshot | None] = {
            camera: views[camera].latest.get(after, width)
            for camera, after, width in wanted
            if camera < len(views)
        }
        status = {each.name: each for each in self._site.status()}
        said = self._site.budget
        total = None if said is None else parse_rate(said)
        cameras = [
            view.now(status.get(view.card.name, _GONE), since, pictures.get(place), total)
            for place, view in enumerate(views)
        ]
        troubles = [Trouble(name, each.why) for name, each in self._health().items() if not each.ok]
        budget = None if said is None else _budget(said, status.values())
        if budget and total and _accepted(status.values()) > total * _ROUNDING:
            troubles.append(_beyond(budget))
        told = LiveResponse(run, round(now, 3), cameras, troubles, budget)
        head = msgspec.json.encode(told)
        parts = [struct.pack(">I", len(head)), head]
        for place in sorted(pictures):
            picture = pictures[place]
            if picture is not None:
                parts += [picture.jpeg, picture.levels.tobytes()]
        return b"".join(parts)

    def accept(self, camera: int, false_alarms: str) -> ThresholdPreset:
        """Change a threshold; returns the new one.

        Raises:
            WrongUse: No such camera, or no rate of false alarms.
        """
        views = list(self._shown.views.values())
        if not 0 <= camera < len(views):
            raise WrongUse("there is no such camera", "use the number of one, counted from 0")
        view = views[camera]
        self._site.accept(view.card.name, false_alarms.strip())
        _log.info("%s: %s false alarms are accepted now", view.card.name, false_alarms.strip())
        return view.threshold


def _accepted(cameras: Iterable[CameraStatus]) -> float:
    return sum(camera.accepted_per_hour for camera in cameras)


def _budget(said: str, cameras: Iterable[CameraStatus]) -> Budget:
    return Budget(said, describe_rate(parse_rate(said)), describe_rate(_accepted(cameras)))


def _beyond(budget: Budget) -> Trouble:
    """A rate was changed for this run, by a key, a message or without the token for changes."""
    why = (
        f"all cameras together accept {budget.accepted} just now, though the site file says "
        f"{budget.words}"
    )
    return Trouble("false alarms", why)
