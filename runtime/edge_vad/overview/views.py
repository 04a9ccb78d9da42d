"""How boxes and their cameras are, as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

import msgspec

from edge_vad.overview.answers import LiveSaid, SiteSaid
from edge_vad.untrusted import plain

RECORDED = ""
"""State of a camera that only events are known of."""
_JITTER_S = 3.0


class BoxState(str, Enum):
    """How a box is."""

    ASKED = "asked"
    WELL = "well"
    AWAY = "away"


class BoxCamera(msgspec.Struct, frozen=True):
    """A camera of a box.

    Attributes:
        name: Its name.
        state: Its state when the box answered last; empty where only events are known of it.
        since: When it came into it, s since 1970.
        alarm: Whether an event goes on.
    """

    name: str
    state: str = RECORDED
    since: float = 0.0
    alarm: bool = False


class BoxView(msgspec.Struct, frozen=True):
    """A box.

    Attributes:
        name: Its name.
        url: Of its own page.
        state: Whether it answers.
        since: Since when, s since 1970.
        why: Why it does not.
        complete: Whether all its events were fetched.
        cameras: Its cameras, as it told last.
        troubles: What is not well there.
    """

    name: str
    url: str
    state: str = BoxState.ASKED.value
    since: float = 0.0
    why: str = ""
    complete: bool = False
    cameras: tuple[BoxCamera, ...] = ()
    troubles: tuple[str, ...] = ()


def cameras_of(
    site: SiteSaid, live: LiveSaid | None, before: Sequence[BoxCamera], now: float
) -> tuple[BoxCamera, ...]:
    """The cameras of a box, those that are watched first.

    Args:
        site: What it told of them once.
        live: How they are; None where none is watched.
        before: As they were; a camera that is still in its state keeps the time.
        now: Seconds since 1970.
    """
    if live is None:
        return ()
    known = {each.name: each for each in before}
    found = []
    for camera, told in zip(site.cameras, live.cameras, strict=False):
        name, state = plain(camera.name), plain(told.state)
        since = _steady(known, name, state, now - told.state_s)
        found.append(BoxCamera(name, state, since, told.alarm))
    return tuple(found)


def with_recorded(cameras: Sequence[BoxCamera], recorded: Sequence[str]) -> tuple[BoxCamera, ...]:
    """These cameras, and those of which there are only events."""
    known = {each.name for each in cameras}
    return (*cameras, *(BoxCamera(name) for name in recorded if name not in known))


def troubles_of(live: LiveSaid | None) -> tuple[str, ...]:
    """What is not well at a box."""
    said = () if live is None else live.troubles
    return tuple(f"{plain(each.sink)}: {plain(each.why)}" for each in said)


def _steady(known: Mapping[str, BoxCamera], name: str, state: str, since: float) -> float:
    """The time that was told before, unless another is meant: answers take some time."""
    was = known.get(name)
    if was is not None and was.state == state and abs(was.since - since) < _JITTER_S:
        return was.since
    return round(since, 1)
