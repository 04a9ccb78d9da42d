"""edge-vad score: write the scores of one or many sources."""

from __future__ import annotations

import math
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path

import click
import msgspec

from edge_vad.alarms.alarm import ALARM_FRAMES
from edge_vad.alarms.moments import TopMoments, seconds_apart
from edge_vad.alarms.persistence import PersistentScore
from edge_vad.cli.console import check_rate, describe_unjudged, progress, staged, warn_of_skipped
from edge_vad.cli.options import (
    FALSE_ALARMS_HELP,
    IGNORE_HELP,
    ignore_option,
    json_option,
    out_option,
    scene_argument,
    scoring_options,
)
from edge_vad.cli.summary import describe_choice, print_moments
from edge_vad.errors import WrongUse
from edge_vad.false_alarms import parse_rate
from edge_vad.motion.pace import scored_of
from edge_vad.outputs.folder import OutputFolder
from edge_vad.outputs.jsonl import JsonLinesWriter, score_line
from edge_vad.outputs.maps import MapsFile
from edge_vad.outputs.moments import MomentLine, write_moments
from edge_vad.outputs.recorder import SCORES
from edge_vad.preprocessing.regions import Polygon, describe_regions
from edge_vad.scoring.detector import Detector, load
from edge_vad.sources import Source, open_source

MAPS = "maps.npz"

_EXAMPLE = """\b
Example:
  edge-vad score street.onnx monday.mp4 tuesday.mp4 --out scores
"""


class SourceScores(msgspec.Struct, frozen=True):
    """The outcome for one source.

    Attributes:
        source: Its name, and that of its folder.
        frames: Frames that were scored.
        skipped: Frames that could not be read.
        unjudged: How many of them were not judged, by the reason: they have no score.
        highest_score: The highest score; None where no frame was judged.
        sustained_score: The highest that enough frames in a row reached for an alarm; None without
            any.
        rarity: How rare that is in normal footage, in words; empty without any.
        anomalous: Frames that pass the threshold.
        accepted: The rate of false alarms that the threshold stands for.
        accepted_by_default: Whether it follows from the length of the footage learnt from.
        footing: What the footage of the scene's training can promise of it, in words.
        moments: The strangest moments, whatever the threshold, the strangest first.
        scores: The file with the scores.
        maps: The file with the anomaly maps; None where they were not asked for.
    """

    source: str
    frames: int
    skipped: int
    unjudged: dict[str, int]
    highest_score: float | None
    sustained_score: float | None
    rarity: str
    anomalous: int
    accepted: str
    accepted_by_default: bool
    footing: str
    moments: tuple[MomentLine, ...]
    scores: str
    maps: str | None


@click.command(epilog=_EXAMPLE)
@scene_argument
@click.argument("sources", nargs=-1, required=True)
@out_option
@click.option(
    "--false-alarms",
    help=f"{FALSE_ALARMS_HELP} From there on frames are anomalous.",
)
@click.option("--maps", "has_maps", is_flag=True, help="Write the anomaly maps too, as maps.npz.")
@ignore_option(IGNORE_HELP)
@scoring_options
@json_option
def score(
    scene: Path,
    sources: tuple[str, ...],
    out: Path,
    false_alarms: str | None,
    has_maps: bool,
    ignore: tuple[Polygon, ...],
    backend: str,
    threads: int | None,
    rebuild: bool,
    strict: bool,
    fps: float | None,
    as_json: bool,
) -> None:
    """Write the scores that the scene model SCENE gives to the frames of SOURCES.

    Every source gets a folder of its name, with scores.jsonl, a folder of its strangest moments
    and, with --maps, maps.npz.
    """
    if false_alarms is not None:
        parse_rate(false_alarms)
    with ExitStack() as opened:
        footage = [
            opened.enter_context(open_source(text, strict=strict, fps=fps)) for text in sources
        ]
        _refuse_same_names(footage)
        _refuse_unwritable(out)
        detector = opened.enter_context(
            load(
                scene,
                backend=backend,
                false_alarms=false_alarms,
                threads=threads,
                rebuild=rebuild,
                ignore=ignore,
            )
        )
        results = [_score_one(detector, source, out / source.name, has_maps) for source in footage]
    if as_json:
        click.echo(msgspec.json.encode({"scene": str(scene), "sources": results}))
        return
    for result in results:
        highest = ""
        if result.highest_score is not None:
            highest = f", {result.anomalous} anomalous, highest {result.highest_score:.3g}"
        click.echo(f"{result.source}: {result.frames} frames{highest} -> {result.scores}")
        if text := describe_unjudged(result.unjudged, result.frames):
            click.echo(f"  {text}")
        if result.rarity:
            persistent = f"{result.sustained_score:.3g} for {ALARM_FRAMES} frames"
            click.echo(f"  {persistent}: {result.rarity}")
        print_moments(result.moments, Path(result.scores).parent)
    if ignored := describe_regions(detector.model.card.ignored):
        click.echo(ignored)
    chosen = describe_choice(detector.is_default_rate)
    click.echo(
        f"accepted on normal footage: {detector.false_alarms}\n  {chosen}{results[0].footing}"
    )


def _score_one(detector: Detector, source: Source, folder: Path, has_maps: bool) -> SourceScores:
    card = detector.model.card
    check_rate(source, card)
    length = scored_of(source.length, source.fps, card.fps)
    frames, anomalous, highest = 0, 0, -math.inf
    persistent, highest_persistent = PersistentScore(), -math.inf
    duration_s = source.length / source.fps if source.length else None
    strangest = TopMoments(card, seconds_apart(duration_s), ignore=detector.ignore)
    unjudged: Counter[str] = Counter()
    with staged(folder) as outputs, ExitStack() as files:
        lines = files.enter_context(closing(JsonLinesWriter(outputs.staging / SCORES)))
        maps = files.enter_context(_maps_file(outputs, detector)) if has_maps else None
        advance = files.enter_context(progress(f"scoring {source.name}", length))
        for detection in detector.watch(source):
            lines.write(score_line(detection))
            strangest.update(detection)
            unjudged.update([detection.unjudged] if detection.unjudged else [])
            if maps:
                maps.write(detection.anomaly_map)
            frames += 1
            anomalous += detection.anomalous
            advance()
            if not detection.judged:
                persistent.reset()
                continue
            highest = max(detection.score, highest)
            highest_persistent = max(persistent.update(detection.score), highest_persistent)
        moments = write_moments(outputs.staging, strangest.finish(), card.normal)
    warn_of_skipped(source)
    return SourceScores(
        source=source.name,
        frames=frames,
        skipped=source.skipped,
        unjudged=dict(unjudged),
        highest_score=highest if math.isfinite(highest) else None,
        sustained_score=highest_persistent if math.isfinite(highest_persistent) else None,
        rarity=card.normal.rarity(highest_persistent) if math.isfinite(highest_persistent) else "",
        anomalous=anomalous,
        accepted=detector.false_alarms,
        accepted_by_default=detector.is_default_rate,
        footing=card.normal.footing(parse_rate(detector.false_alarms)),
        moments=moments,
        scores=str(folder / SCORES),
        maps=str(folder / MAPS) if has_maps else None,
    )


def _maps_file(outputs: OutputFolder, detector: Detector) -> MapsFile:
    grid = detector.model.card.grid
    return MapsFile(outputs.staging / MAPS, grid.rows, grid.columns)


def _refuse_same_names(footage: list[Source]) -> None:
    counts = Counter(source.name for source in footage)
    same = [name for name, count in counts.items() if count > 1]
    if same:
        raise WrongUse(
            f"{counts[same[0]]} sources have the name {same[0]!r}, and would share a folder",
            "rename one, or score them one by one with different --out folders",
        )


def _refuse_unwritable(out: Path) -> None:
    """Tell before any work is done that nothing can be written."""
    with OutputFolder(out):
        pass
