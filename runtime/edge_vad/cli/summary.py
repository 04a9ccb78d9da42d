"""The summary that `edge-vad run` prints."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from edge_vad.cli.console import describe_unjudged
from edge_vad.cli.drift_log import DriftLog, DriftSummary
from edge_vad.cli.follow_up_rate import more_often, rarer
from edge_vad.detection import Event
from edge_vad.false_alarms import describe_rate, parse_rate, poisson_interval
from edge_vad.outputs.drawing import clock
from edge_vad.outputs.jsonl import EventLine
from edge_vad.outputs.moments import MomentLine, describe_moment, describe_persistent
from edge_vad.outputs.recorder import VIDEO, Recorder
from edge_vad.preprocessing.regions import describe_regions
from edge_vad.scoring.detector import Detector
from edge_vad.sources import Source

_LOOK = ": annotated.mp4 shows where and timeline.png when"
_MOST_LISTED = 20
_MOST_OF_IT = 0.5


class RunSummary(msgspec.Struct, frozen=True):
    """The outcome of a run.

    Attributes:
        source: Name of the source.
        frames: Frames that were scored.
        skipped: Frames that could not be decoded whole.
        unjudged: How many of them were not judged, by the reason: they have no score.
        footage_s: How long the scene was seen, holes left out, s.
        wall_s: How long scoring and writing them took, s.
        frames_per_second: Frames scored and written a second.
        threshold: Score from which on a frame is anomalous.
        threshold_extrapolated: Whether it lies beyond what the normal footage could show.
        normal_hours: Hours of normal footage that it was measured on.
        alarms: The events, with their scores.
        alarms_per_hour: How often they came.
        alarms_per_hour_95: The rates that so little footage allows, 95% interval.
        accepted: The rate of false alarms that was accepted, as it was said.
        accepted_per_hour: The same, alarms an hour.
        accepted_by_default: Whether it follows from the length of the footage learnt from.
        footing: What that footage can promise of the rate, in words.
        ignored: What of the picture the scene leaves out, in words; empty where nothing.
        moments: The strangest moments, whatever the threshold, the strangest first.
        drift: How the threshold followed the scores, where that was asked for.
        next_command: The same run at another rate: a rarer one if alarms came more often.
    """

    source: str
    frames: int
    skipped: int
    unjudged: dict[str, int]
    footage_s: float
    wall_s: float
    frames_per_second: float
    threshold: float
    threshold_extrapolated: bool
    normal_hours: float
    alarms: list[EventLine]
    alarms_per_hour: float
    alarms_per_hour_95: tuple[float, float]
    accepted: str
    accepted_per_hour: float
    accepted_by_default: bool
    footing: str
    ignored: str
    moments: tuple[MomentLine, ...]
    drift: DriftSummary | None
    next_command: str


def summarise(
    recorder: Recorder,
    detector: Detector,
    source: Source,
    *,
    wall_s: float,
    command: Sequence[str],
    drift: DriftLog | None = None,
) -> RunSummary:
    """Gather the outcome of a run that has ended.

    Args:
        recorder: What was written.
        detector: What scored the frames.
        source: Where they came from.
        wall_s: How long scoring and writing took, s.
        command: The words of the command, less its rate of false alarms.
        drift: What followed drift, if anything did.
    """
    normal, accepted = detector.model.card.normal, parse_rate(detector.false_alarms)
    footage_s = recorder.watched_s
    hours = footage_s / 3600
    measured = len(recorder.events) / hours if hours else 0.0
    if _has_too_many(recorder.events, footage_s, accepted):
        rate = rarer(accepted)
    else:
        rate = more_often(accepted, recorder.moments, normal)
    return RunSummary(
        source=source.name,
        frames=recorder.frames,
        skipped=source.skipped,
        unjudged=dict(recorder.unjudged),
        footage_s=footage_s,
        wall_s=wall_s,
        frames_per_second=recorder.frames / wall_s,
        threshold=detector.threshold,
        threshold_extrapolated=normal.is_extrapolated(accepted),
        normal_hours=normal.hours,
        alarms=recorder.events,
        alarms_per_hour=measured,
        alarms_per_hour_95=poisson_interval(len(recorder.events), hours) if hours else (0.0, 0.0),
        accepted=detector.false_alarms,
        accepted_per_hour=accepted,
        accepted_by_default=detector.is_default_rate,
        footing=normal.footing(accepted),
        ignored=describe_regions(detector.model.card.ignored),
        moments=recorder.moments,
        drift=drift.summary if drift else None,
        next_command=shlex.join([*command, "--false-alarms", rate]),
    )


def print_summary(summary: RunSummary, out: Path) -> None:
    """Print the outcome of a run, and what to run next."""
    click.echo(
        f"{summary.source}: {summary.frames} frames ({clock(summary.footage_s, 1)}) in "
        f"{summary.wall_s:.1f} s, {summary.frames_per_second:.0f} frames a second"
    )
    if text := describe_unjudged(summary.unjudged, summary.frames):
        click.echo(text)
    _print_alarms(summary.alarms)
    measured, low, high = map(_brief, (summary.alarms_per_hour, *summary.alarms_per_hour_95))
    click.echo(
        f"alarms an hour: {measured} (95% interval {low} to {high}), "
        f"accepted on normal footage: {describe_rate(summary.accepted_per_hour)}"
    )
    click.echo(f"  {describe_choice(summary.accepted_by_default)}{summary.footing}")
    if summary.ignored:
        click.echo(summary.ignored)
    if summary.drift:
        drift = summary.drift
        click.echo(
            f"threshold {drift.trained_threshold:.3g} followed the scores to "
            f"{drift.threshold:.3g} in {drift.steps} steps; bound: "
            f"{drift.furthest:.3g} either way"
        )
    print_moments(summary.moments)
    click.echo(f"written to {out}{_LOOK if (out / VIDEO).exists() else ''}")
    too_many = _has_too_many(summary.alarms, summary.footage_s, summary.accepted_per_hour)
    change = "fewer" if too_many else "more"
    click.echo(f"for {change} alarms, in place of these results:\n  {summary.next_command}")


def describe_choice(is_default: bool) -> str:
    """Who has chosen the rate, where that was nobody."""
    return "by default, --false-alarms says another rate; " if is_default else ""


def print_moments(moments: Sequence[MomentLine], folder: Path = Path()) -> None:
    """Print the strangest moments; their pictures lie in this folder."""
    if moments:
        click.echo("strangest moments, whatever the threshold:")
    for each in moments:
        place, rarity = describe_moment(each, folder)
        click.echo(f"  {each.rank:>3}  {place}")
        click.echo(f"       {rarity}")


def _has_too_many(alarms: Sequence[Event], footage_s: float, accepted: float) -> bool:
    """Whether alarms came more often than accepted, or last for most of the recording."""
    lasting_s = sum(alarm.end_s - alarm.start_s for alarm in alarms)
    is_mostly_alarm = lasting_s > _MOST_OF_IT * footage_s
    return bool(alarms) and (is_mostly_alarm or len(alarms) > accepted * footage_s / 3600)


def _print_alarms(alarms: Sequence[EventLine]) -> None:
    click.echo("no alarm" if not alarms else f"{len(alarms)} alarm{'s' * (len(alarms) > 1)}:")
    for event in alarms[:_MOST_LISTED]:
        click.echo(
            f"  {event.number:>3}  {clock(event.start_s, 1)} to {clock(event.end_s, 1)}, "
            f"highest score {event.peak_score:.3g} in frame {event.peak_index}"
        )
        click.echo(f"       {describe_persistent(event.persistent_score)}: {event.rarity}")
    if len(alarms) > _MOST_LISTED:
        click.echo(f"  ... and {len(alarms) - _MOST_LISTED} more in events.jsonl")


def _brief(number: float) -> str:
    return f"{number:.2g}" if number < 100 else f"{number:,.0f}"
