"""The summary of a live run: every camera, and what became of the events."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edge_vad.cli.console import describe_unjudged, note
from edge_vad.cli.streams import print_stdout
from edge_vad.errors import NotAllKept, SourceLost
from edge_vad.false_alarms import parse_rate
from edge_vad.live.loop import LiveLoop
from edge_vad.sinks.base import Sink


class CameraSummary(msgspec.Struct, frozen=True):
    """How a camera fared.

    Attributes:
        name: Its name.
        frames: Frames scored.
        dropped: Frames that were never scored because a newer one came.
        reconnects: How often it was connected to again.
        fps: Frames scored a second.
        age_s: Age of the last frame when it was decided on; None for footage that is not live.
        answered: Whether it ever sent a frame.
        unjudged: How many frames were not judged, by the reason, such as `covered`.
        false_alarms: The false alarms that are accepted of it.
        share: That, and what its zones say their own, of what the site accepts; None where the
            site says nothing of all cameras together.
    """

    name: str
    frames: int
    dropped: int
    reconnects: int
    fps: float
    age_s: float | None
    answered: bool
    unjudged: dict[str, int]
    false_alarms: str
    share: float | None

    @property
    def is_silent(self) -> bool:
        """Whether it was tried, and nothing of it could be scored."""
        return not self.frames and (self.reconnects > 0 or not self.answered)


class SinkSummary(msgspec.Struct, frozen=True):
    """What became of what a sink was to keep or to deliver.

    Attributes:
        sink: The sink.
        what: What is counted.
        done: Stored, written or delivered.
        waiting: Not done when the run ended; what the disk has of it, the next run takes in.
        lost: Gone.
    """

    sink: str
    what: str
    done: int
    waiting: int
    lost: int

    @property
    def is_whole(self) -> bool:
        """Whether all of it is done."""
        return not self.waiting and not self.lost


class LiveSummary(msgspec.Struct, frozen=True):
    """How a live run went.

    Attributes:
        seconds: How long it took.
        cameras: How every camera fared.
        events: Events that began.
        sinks: What became of them.
        failed_sinks: What is wrong with sinks that failed, by their names.
        false_alarms: What all cameras together accept; None where the site says nothing of that.
    """

    seconds: float
    cameras: tuple[CameraSummary, ...]
    events: int
    sinks: tuple[SinkSummary, ...]
    failed_sinks: dict[str, str]
    false_alarms: str | None


def summary_of(loop: LiveLoop, sinks: Sequence[Sink], seconds: float) -> LiveSummary:
    """How a run went that is over."""
    total = None if loop.budget is None else parse_rate(loop.budget)
    cameras = (
        CameraSummary(
            each.name,
            each.frames,
            each.dropped,
            each.reconnects,
            round(each.frames / max(seconds, 1e-3), 2),
            each.age_s,
            each.answered,
            dict(each.unjudged),
            each.false_alarms,
            None if total is None else each.accepted_per_hour / total,
        )
        for each in loop.status()
    )
    kept = (
        SinkSummary(sink.name, each.what, each.done, each.waiting, each.lost)
        for sink in sinks
        for each in sink.tallies()
    )
    return LiveSummary(
        round(seconds, 3),
        tuple(cameras),
        loop.events,
        tuple(kept),
        dict(loop.faulty_sinks),
        loop.budget,
    )


def print_summary(summary: LiveSummary, *, as_json: bool) -> None:
    """Print it.

    Raises:
        NotAllKept: It is to be JSON on stdout, which takes nothing.
    """
    if as_json:
        print_stdout(msgspec.json.encode(summary))
        return
    for camera in summary.cameras:
        silent = "" if camera.answered else "; it never sent a frame"
        note(
            f"{camera.name}: {camera.frames} frames scored in {summary.seconds:.0f} s, "
            f"{camera.dropped} dropped, {camera.reconnects} reconnects{silent}"
        )
        if text := describe_unjudged(
            camera.unjudged, camera.frames + sum(camera.unjudged.values())
        ):
            note(f"{camera.name}: {text}")
    if summary.sinks:
        kept = ", ".join(f"{each.sink}: {each.done} {each.what}" for each in summary.sinks)
        note(f"{summary.events} events ({kept})")


def print_problems(summary: LiveSummary, *, is_over: bool) -> None:
    """Raise where something is missing.

    Args:
        summary: How the run went.
        is_over: Whether it ended because its time was over; else it was stopped.

    Raises:
        SourceLost: Every camera was tried, and nothing of any could be scored.
        NotAllKept: Something was not stored or not delivered.
    """
    if is_over and summary.cameras and all(each.is_silent for each in summary.cameras):
        names = ", ".join(each.name for each in summary.cameras)
        raise SourceLost(
            f"no frame could be scored of {names}",
            "check the camera, its cable or network, and its password; the log says how it failed",
        )
    missing = [_missing(each) for each in summary.sinks if not each.is_whole]
    missing += [f"{name} {why}" for name, why in summary.failed_sinks.items()]
    if missing:
        raise NotAllKept(
            f"not all was stored and delivered: {'; '.join(missing)}",
            "what waits on the disk is taken in by the next run into the same folder; the log says "
            "what was wrong",
        )


def _missing(kept: SinkSummary) -> str:
    counts = {"wait": kept.waiting, "are lost": kept.lost}
    return f"{kept.sink}: " + ", ".join(
        f"{count} {kept.what} {word}" for word, count in counts.items() if count
    )
