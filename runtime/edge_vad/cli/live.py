"""Watching live: what `edge-vad run` does for cameras and site files."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from edge_vad.cli import fail
from edge_vad.cli.console import warn
from edge_vad.cli.live_summary import LiveSummary, print_problems, print_summary, summary_of
from edge_vad.cli.signals import left_at_once, stopped_by_signals
from edge_vad.cli.streams import flush
from edge_vad.errors import EdgeVadError
from edge_vad.live.factory import Scenes, assemble, sinks_in
from edge_vad.live.logs import begin_log, end_log
from edge_vad.live.loop import LiveLoop
from edge_vad.live.push_desk import desk_of
from edge_vad.live.running_site import RunningSite
from edge_vad.live.shutdown import ShutdownDeadline
from edge_vad.live.systemd import Notifier
from edge_vad.sinks.base import Sink
from edge_vad.sinks.factory import build_sinks
from edge_vad.sinks.lines.drift_steps import DriftSteps, last_states
from edge_vad.sinks.pushes import PushDesk
from edge_vad.sinks.settings import SinkSettings
from edge_vad.site.settings import SiteSettings


def watch_live(
    site: SiteSettings,
    folder: Path,
    *,
    file: Path | None = None,
    duration_s: float | None = None,
    display: bool = False,
    log_json: bool = False,
    as_json: bool = False,
    reset_drift: bool = False,
    ending: ShutdownDeadline | None = None,
) -> None:
    """Watch a site until it is stopped, print how it went, and end.

    Args:
        site: What is watched.
        folder: What its paths are relative to.
        file: The site file, where there is one: it may be changed through the page.
        duration_s: Seconds after which it ends by itself.
        display: Whether to show the cameras in windows.
        log_json: Whether the log is JSON lines.
        as_json: Whether the summary is one JSON object.
        reset_drift: Whether drift is followed from the trained scores on.
        ending: The time in which it has ended once it is to.

    Raises:
        SourceLost: The time is over, and no camera ever sent a frame that could be scored.
        NotAllKept: Something was not stored or not delivered.
        EdgeVadError: It cannot begin, the device failed, or all sources ended with an error.
    """
    handler = begin_log(as_json=log_json)
    notifier = Notifier()
    ending = ending or ShutdownDeadline()
    try:
        with ExitStack() as undo:
            with left_at_once():
                scenes = Scenes(site, folder, undo)
                loop = assemble(site, folder, scenes, notifier.alive, ending)
            with stopped_by_signals(loop.stop):
                settings = sinks_in(site.sinks, folder)
                editor = RunningSite(file, site, scenes, loop) if file else None
                pushes = desk_of(file, site, editor, undo) if file and editor else None
                sinks = _sinks(
                    settings, loop, editor, pushes, display=display, reset_drift=reset_drift
                )
                notifier.ready()
                summary = _watch(loop, sinks, duration_s, as_json=as_json)
                notifier.stopping()
                is_over = duration_s is not None and summary.seconds >= duration_s
                print_problems(summary, is_over=is_over)
    finally:
        end_log(handler)


def _sinks(
    settings: SinkSettings,
    loop: LiveLoop,
    editor: RunningSite | None,
    pushes: PushDesk | None,
    *,
    display: bool,
    reset_drift: bool,
) -> list[Sink]:
    """The sinks, and what writes down how thresholds move, where any does."""
    sinks = build_sinks(settings, loop, editor, pushes, display=display, owns=loop.follows_drift)
    if loop.follows_drift:
        folder = Path(settings.folder)
        if not reset_drift:
            loop.resume_drift(last_states(folder))
        sinks.append(DriftSteps(folder))
    return sinks


def _watch(
    loop: LiveLoop, sinks: Sequence[Sink], duration_s: float | None, *, as_json: bool
) -> LiveSummary:
    """Watch, and tell how that went, also where the device fails."""
    began = time.monotonic()
    try:
        loop.run(sinks, duration_s)
    finally:
        summary = summary_of(loop, sinks, time.monotonic() - began)
        print_summary(summary, as_json=as_json)
    return summary


def leave_if_stuck(
    before: set[threading.Thread], ending: ShutdownDeadline, error: EdgeVadError | None
) -> None:
    """End the process where a thread does not end: a camera's driver, or a clip on a slow disk.

    Python would end it in the middle of OpenCV, which aborts the process.

    Args:
        before: The threads that there were before the run.
        ending: The time that they have.
        error: What the run ends with.
    """
    left = [each for each in threading.enumerate() if each.daemon and each not in before]
    for each in left:  # most are just about to end
        each.join(ending.left_s())
    stuck = [each for each in left if each.is_alive()]
    if stuck:
        names = ", ".join(each.name for each in stuck)
        warn(f"left without waiting for {names}")
        if error:
            fail(error)
        flush()
        os._exit(error.exit_code if error else 0)
