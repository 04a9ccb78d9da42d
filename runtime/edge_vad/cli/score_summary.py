"""What edge-vad score prints of what it scored."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from edge_vad.alarms.alarm import ALARM_FRAMES
from edge_vad.archive.clip_scores import MAPS, ClipSummary
from edge_vad.cli.console import describe_unjudged
from edge_vad.cli.summary import describe_choice, print_moments
from edge_vad.outputs.recorder import SCORES
from edge_vad.preprocessing.regions import describe_regions
from edge_vad.scene_model import SceneCard


class SourceScores(ClipSummary, frozen=True):
    """The outcome for one source, and where it is.

    Attributes:
        scores: The file with the scores.
        maps: The file with the anomaly maps; None where they were not asked for.
    """

    scores: str
    maps: str | None


def source_scores(scores: ClipSummary, out: Path, has_maps: bool) -> SourceScores:
    """The outcome for a source, with where it is."""
    folder = out / scores.source
    return SourceScores(
        **msgspec.structs.asdict(scores),
        scores=str(folder / SCORES),
        maps=str(folder / MAPS) if has_maps else None,
    )


def print_scores(result: SourceScores) -> None:
    """Print the outcome for a source."""
    highest = ""
    if result.highest_score is not None:
        highest = f", {result.anomalous} anomalous, highest {result.highest_score:.3g}"
    click.echo(f"{result.source}: {result.frames} frames{highest} -> {result.scores}")
    if text := describe_unjudged(result.unjudged, result.frames):
        click.echo(f"  {text}")
    if result.rarity:
        click.echo(f"  {result.sustained_score:.3g} for {ALARM_FRAMES} frames: {result.rarity}")
    print_moments(result.moments, Path(result.scores).parent)


def print_standing(card: SceneCard, result: ClipSummary) -> None:
    """Print what the scene leaves out, and what its threshold stands for."""
    if ignored := describe_regions(card.ignored):
        click.echo(ignored)
    chosen = describe_choice(result.accepted_by_default)
    click.echo(f"accepted on normal footage: {result.accepted}\n  {chosen}{result.footing}")
