"""The fields of a site file."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from edge_vad.alarms.settings import DecisionSettings
from edge_vad.backends import BACKENDS, check_name
from edge_vad.errors import WrongUse
from edge_vad.false_alarms import parse_rate
from edge_vad.sinks.settings import SinkSettings

NAME_PATTERN = re.compile(r"^[A-Za-z0-9_-]{1,64}$(?!\n)")
Name = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN.pattern)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096, pattern=r"^[^\x00]*$")]


Seconds = Annotated[float, msgspec.Meta(ge=0, le=86400)]


class WatchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a camera's picture is not to be relied on.

    Attributes:
        frozen_after_s: Seconds of the same picture after which it is frozen; 0 is never.
        changed_after_s: Seconds without its scene after which it is covered or moved; 0 is never.
    """

    frozen_after_s: Seconds = 20.0
    changed_after_s: Seconds = 10.0


class CameraSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A camera.

    Attributes:
        name: Its name; unique.
        source: Where its frames come from, as `edge-vad run` takes it.
        source_env: Environment variable that holds the source, where it has a password.
        source_file: File that holds it.
        scene: The scene model, or an engine beside it; relative to the site file.
        footage: What it is trained on, relative to the site file: folders or files. `record`
            records into the first one.
        fps: Frames a second to score, at most; the scene's own when None.
        timeout_s: How long it may take to answer, and to send the next frame.
        decision: When it raises an alarm.
        watch: When its picture is not to be relied on.
    """

    name: Name
    scene: Text
    source: Text | None = None
    source_env: Name | None = None
    source_file: Text | None = None
    footage: Annotated[tuple[Text, ...], msgspec.Meta(max_length=1000)] = ()
    fps: Annotated[float, msgspec.Meta(gt=0, le=240)] | None = None
    timeout_s: Annotated[float, msgspec.Meta(ge=0.5, le=60)] = 5.0
    decision: DecisionSettings = DecisionSettings()
    watch: WatchSettings = WatchSettings()

    def __post_init__(self) -> None:
        said = (self.source, self.source_env, self.source_file)
        if sum(each is not None for each in said) != 1:
            raise ValueError("give the source by one of source, source_env and source_file")


class PushSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Scenes that may be rolled out to this box, through its page.

    Attributes:
        site: Name of this site; pushes are signed for it.
        keys_file: Public keys of those who may push, relative to the site file.
        max_size_mb: What a push may have.
        selftest_s: How long the selftest of its scenes may take, all together.
    """

    site: Name
    keys_file: Text
    max_size_mb: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1000
    selftest_s: Annotated[float, msgspec.Meta(ge=1, le=86400)] = 600.0


class SiteSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site: all cameras that one device watches.

    Attributes:
        cameras: The cameras.
        false_alarms: Alarms one accepts of all cameras together on normal footage, such as `3/day`;
            those that say no rate of their own share what the others leave. None: every camera
            accepts what its footage can show.
        backend: What runs the scene models: a backend, or the address of a server.
        threads: CPU threads of each scene model; one where there are several cameras or frames
            are small, else all cores.
        sinks: Where detections and events go.
        push: Who may roll out scenes to it; nobody when None.
    """

    cameras: Annotated[tuple[CameraSettings, ...], msgspec.Meta(min_length=1, max_length=256)]
    false_alarms: str | None = None
    backend: str = BACKENDS[0]
    threads: Annotated[int, msgspec.Meta(ge=1, le=1024)] | None = None
    sinks: SinkSettings = SinkSettings()
    push: PushSettings | None = None

    def __post_init__(self) -> None:
        _demand_rate(self.false_alarms)
        try:
            check_name(self.backend)
        except WrongUse as error:
            raise ValueError(f"backend: {error}") from None
        names = [camera.name for camera in self.cameras]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two cameras are called {twice!r}")


def _demand_rate(false_alarms: str | None) -> None:
    try:
        if false_alarms is not None:
            parse_rate(false_alarms)
    except WrongUse as error:
        raise ValueError(str(error)) from None
