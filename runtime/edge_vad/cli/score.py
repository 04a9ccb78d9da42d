"""edge-vad score: write the scores of one or many sources."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click
import msgspec

from edge_vad.archive.clip_scores import ClipSummary, score_clip
from edge_vad.cli.bulk import bulk_options
from edge_vad.cli.console import check_rate, progress, staged, warn_of_skipped
from edge_vad.cli.options import (
    FALSE_ALARMS_HELP,
    IGNORE_HELP,
    ignore_option,
    json_option,
    out_option,
    scene_argument,
    scoring_options,
)
from edge_vad.cli.score_archive import score_archive
from edge_vad.cli.score_summary import print_scores, print_standing, source_scores
from edge_vad.false_alarms import parse_rate
from edge_vad.motion.pace import scored_of
from edge_vad.outputs.folder import OutputFolder
from edge_vad.preprocessing.regions import Polygon
from edge_vad.scoring.detector import Detector, load
from edge_vad.sources import Source, open_source

_EXAMPLE = """\b
Examples:
  edge-vad score street.onnx monday.mp4 --out scores
  edge-vad score street.onnx archive/*.mkv --out scores
  edge-vad score street.onnx archive/*.mkv --out scores --dry-run
"""


@click.command(epilog=_EXAMPLE)
@scene_argument
@click.argument("sources", nargs=-1, required=True)
@out_option
@click.option(
    "--false-alarms",
    help=f"{FALSE_ALARMS_HELP} From there on frames are anomalous.",
)
@click.option("--maps", "has_maps", is_flag=True, help="Write the anomaly maps too, as maps.npz.")
@click.option(
    "--camera", help="Name of the camera in what is joined of many sources; SCENE's by default."
)
@bulk_options
@ignore_option(IGNORE_HELP)
@scoring_options
@json_option
def score(
    scene: Path,
    sources: tuple[str, ...],
    out: Path,
    false_alarms: str | None,
    has_maps: bool,
    camera: str | None,
    workers: int | None,
    ray: str | None,
    dry_run: bool,
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

    Many sources are an archive: they are scored side by side, and joined into scores.parquet and
    a store of their events. What is done already is not done again.
    """
    if false_alarms is not None:
        parse_rate(false_alarms)
    if len(sources) > 1 or camera is not None or workers or ray or dry_run:
        from edge_vad.archive.plan import ScoringSettings

        settings = ScoringSettings(
            backend, threads or 1, false_alarms, ignore, fps, strict, has_maps
        )
        score_archive(
            scene, sources, out, settings, camera, rebuild, workers, ray, dry_run, as_json
        )
        return
    with ExitStack() as opened:
        source = opened.enter_context(open_source(sources[0], strict=strict, fps=fps))
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
        result = source_scores(
            _score_one(detector, source, out / source.name, has_maps), out, has_maps
        )
    if as_json:
        click.echo(msgspec.json.encode({"scene": str(scene), "sources": [result]}))
        return
    print_scores(result)
    print_standing(detector.model.card, result)


def _score_one(detector: Detector, source: Source, folder: Path, has_maps: bool) -> ClipSummary:
    card = detector.model.card
    check_rate(source, card)
    length = scored_of(source.length, source.fps, card.fps)
    with staged(folder) as outputs, progress(f"scoring {source.name}", length) as advance:
        scores = score_clip(
            detector,
            source,
            outputs.staging,
            has_maps=has_maps,
            on_detection=lambda _: advance(),
        )
    warn_of_skipped(source)
    return scores


def _refuse_unwritable(out: Path) -> None:
    """Tell before any work is done that nothing can be written."""
    with OutputFolder(out):
        pass
