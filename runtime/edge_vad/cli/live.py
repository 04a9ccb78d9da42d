"""Watching live: what `edge-vad run` does for cameras and site files."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import click
import msgspec

from edge_vad.cli.console import note, warn
from edge_vad.cli.signals import stopped_by_signals
from edge_vad.errors import SourceLost, WrongUse
from edge_vad.live.assembling import assemble, sinks_in
from edge_vad.live.logs import begin_log, end_log
from edge_vad.live.loop import LiveLoop
from edge_vad.live.systemd import Notifier
from edge_vad.sinks.base import Sink
from edge_vad.sinks.building import build_sinks
from edge_vad.sinks.drift import DriftSteps, last_states
from edge_vad.site.settings import SiteSettings

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|h|d)?")
_LEAVE_TAKING_S = 3.0
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}


class CameraSummary(msgspec.Struct, frozen=True):
    """How a camera fared.

    Attributes:
        name: Its name.
        frames: Frames scored.
        dropped: Frames that were never scored because a newer one came.
        reconnects: How often it was connected to again.
        fps: Frames scored a second.
        age_s: Age of the last frame when it was decided on; None for footage that is not live.
    """

    name: str
    frames: int
    dropped: int
    reconnects: int
    fps: float
    age_s: float | None


class LiveSummary(msgspec.Struct, frozen=True):
    """How a live run went.

    Attributes:
        seconds: How long it took.
        cameras: How every camera fared.
    """

    seconds: float
    cameras: tuple[CameraSummary, ...]


def parse_duration(text: str | None) -> float | None:
    """Seconds that `90s`, `10m`, `2h`, `1d` or `90` stand for.

    Raises:
        WrongUse: It is no such text.
    """
    if text is None:
        return None
    match = _DURATION.fullmatch(text.strip())
    if not match or not float(match[1]):
        raise WrongUse(f"{text!r} is no duration", "write 90s, 10m, 2h or 1d")
    return float(match[1]) * _SECONDS[match[2]]


def watch_live(
    site: SiteSettings,
    folder: Path,
    *,
    duration_s: float | None = None,
    display: bool = False,
    log_json: bool = False,
    as_json: bool = False,
    reset_drift: bool = False,
) -> None:
    """Watch a site until it is stopped, print how it went, and end.

    Args:
        site: What is watched.
        folder: What its paths are relative to.
        duration_s: Seconds after which it ends by itself.
        display: Whether to show the cameras in windows.
        log_json: Whether the log is JSON lines.
        as_json: Whether the summary is one JSON object.
        reset_drift: Whether drift is followed from the trained scores on.

    Raises:
        SourceLost: The time is over, and no camera ever sent a frame that could be scored.
        EdgeVadError: It cannot begin, the device failed, or all sources ended with an error.
    """
    handler = begin_log(as_json=log_json)
    notifier = Notifier()
    try:
        with ExitStack() as undo:
            loop = assemble(site, folder, undo, notifier.alive)
            settings = sinks_in(site.sinks, folder)
            sinks = _drift_steps(loop, Path(settings.folder), undo, reset=reset_drift)
            sinks += build_sinks(settings, loop, display=display)
            began = time.monotonic()
            with stopped_by_signals(loop.stop):
                notifier.ready()
                loop.run(sinks, duration_s)
                notifier.stopping()
            summary = _summary(loop, time.monotonic() - began)
            _tell(summary, as_json=as_json)
            if duration_s is not None and summary.seconds >= duration_s:  # it was not stopped
                _complain_of_silence(summary)
    finally:
        end_log(handler)


def _drift_steps(loop: LiveLoop, folder: Path, undo: ExitStack, *, reset: bool) -> list[Sink]:
    """What writes down how thresholds move, where any does; they go on from an earlier run."""
    if not loop.follows_drift:
        return []
    if not reset:
        loop.resume_drift(last_states(folder))
    steps = DriftSteps(folder)
    undo.callback(steps.close, 1.0)
    return [steps]


def _summary(loop: LiveLoop, seconds: float) -> LiveSummary:
    cameras = (
        CameraSummary(
            each.name,
            each.frames,
            each.dropped,
            each.reconnects,
            round(each.frames / seconds, 2),
            each.age_s,
        )
        for each in loop.status()
    )
    return LiveSummary(round(seconds, 3), tuple(cameras))


def _tell(summary: LiveSummary, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(summary))
        return
    for each in summary.cameras:
        note(
            f"{each.name}: {each.frames} frames scored in {summary.seconds:.0f} s, "
            f"{each.dropped} dropped, {each.reconnects} reconnects"
        )


def _complain_of_silence(summary: LiveSummary) -> None:
    """Raise where every camera was tried again and again, and nothing of any could be scored."""
    if summary.cameras and all(not each.frames and each.reconnects for each in summary.cameras):
        names = ", ".join(each.name for each in summary.cameras)
        raise SourceLost(
            f"no frame could be scored of {names}",
            "check the camera, its cable or network, and its password; the log says how it failed",
        )


def leave_if_stuck(before: set[threading.Thread]) -> None:
    """End the process where a thread does not end: a camera's driver, or a clip on a slow disk.

    Python would end it in the middle of OpenCV, which aborts the process.

    Args:
        before: The threads that there were before the run.
    """
    until = time.monotonic() + _LEAVE_TAKING_S
    left = [each for each in threading.enumerate() if each.daemon and each not in before]
    for each in left:  # most are just about to end
        each.join(max(0.0, until - time.monotonic()))
    stuck = [each for each in left if each.is_alive()]
    if stuck:
        names = ", ".join(each.name for each in stuck)
        warn(f"left without waiting for {names}")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
