"""What edge-vad score does with many sources: an archive, clip by clip."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from edge_vad import engine_file
from edge_vad.archive.forecast import forecast
from edge_vad.archive.joining import join_results
from edge_vad.archive.layout import EVENTS, PARTIAL, TABLE
from edge_vad.archive.plan import (
    ArchivePlan,
    Manifest,
    ScoringSettings,
    demand_same_archive,
    plan_archive,
    write_manifest,
)
from edge_vad.archive.result import ClipResult
from edge_vad.archive.table import has_pyarrow
from edge_vad.archive.worker import ClipWorker
from edge_vad.backends import BACKENDS
from edge_vad.bulk.estimate import describe_duration
from edge_vad.bulk.jobs import Outcome
from edge_vad.bulk.processes import usable_cores
from edge_vad.cli.bulk import demand_all_done, do_all, open_pool, pool_size
from edge_vad.cli.console import note, warn
from edge_vad.cli.score_summary import SourceScores, print_scores, print_standing, source_scores
from edge_vad.cli.streams import print_next
from edge_vad.errors import WrongUse
from edge_vad.files.owner import Owner
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import load
from edge_vad.site.settings import NAME_PATTERN
from edge_vad.untrusted import plain

_MOST_SHOWN = 20
_MOST_AHEAD = 8


def score_archive(
    scene: Path,
    sources: Sequence[str],
    out: Path,
    settings: ScoringSettings,
    camera: str | None,
    rebuild: bool,
    workers: int | None,
    ray: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Score many sources side by side, and join what comes of them.

    Args:
        scene: The scene model, or an engine beside it.
        sources: The clips.
        out: Folder of the results.
        settings: What decides them.
        camera: Name of the camera; that of the scene's file when None.
        rebuild: See `edge_vad.scoring.detector.load`.
        workers: Processes or actors side by side; see `_default_workers` when None.
        ray: Address of a cluster, if one is wanted.
        dry_run: Whether to say only what would be done.
        as_json: Whether to print one JSON object.

    Raises:
        NotAllDone: Some clips failed, and all others are done.
        EdgeVadError: Nothing was done; see the parts.
    """
    if camera is not None and not NAME_PATTERN.fullmatch(camera):
        raise WrongUse(
            f"{plain(camera)!r} is no name of a camera",
            "use letters from a to z, digits, - and _, 64 at most",
        )
    onnx = engine_file.resolve(scene, settings.backend)[0] if _is_engine(scene) else scene
    model = SceneModel.read(onnx)
    name = camera or _name_of(onnx)
    plan = plan_archive(out, scene.absolute(), Manifest(name, model.sha256, settings), sources)
    if workers is None and ray is None:
        workers = _default_workers(settings)
    if dry_run:
        _print_dry_run(plan, pool_size(ray, workers, settings.threads), ray, as_json)
        return
    if rebuild:
        load(scene, backend=settings.backend, rebuild=True).close()
    outcomes, results = _score(plan, workers, ray)
    _report(model, plan, results, outcomes, as_json)
    demand_all_done(outcomes, "clips")


def _score(
    plan: ArchivePlan, workers: int | None, ray: str | None
) -> tuple[list[Outcome[Any, Any]], list[ClipResult]]:
    """Score what is not done yet, and join it with what is, as the only one in the folder.

    Raises:
        BadInput: Another process writes into the folder of the results, or did since it was
            planned, by another scene or other settings.
        EdgeVadError: The cluster does not answer.
    """
    owner = Owner(plan.out)
    try:
        demand_same_archive(plan.out, plan.manifest)
        _clear(plan.out)
        write_manifest(plan)
        outcomes = _scored(plan, workers, ray) if plan.jobs else []
        return outcomes, join_results(plan.out)
    finally:
        shutil.rmtree(plan.out / PARTIAL, ignore_errors=True)
        owner.close()


def _clear(out: Path) -> None:
    """Delete what a run that was killed left unfinished."""
    shutil.rmtree(out / PARTIAL, ignore_errors=True)
    for left in out.glob(f".{TABLE}.*.partial"):
        left.unlink(missing_ok=True)


def _scored(plan: ArchivePlan, workers: int | None, ray: str | None) -> list[Outcome[Any, Any]]:
    settings = plan.manifest.settings
    count = min(workers or 1, len(plan.jobs))
    ahead = 0 if ray else min(_MOST_AHEAD, usable_cores() // count)
    make = partial(ClipWorker, plan.out.absolute(), plan.scene, plan.manifest, ahead)
    with open_pool(make, ray, workers, settings.threads) as pool:
        return do_all("scoring clips", plan.jobs, pool)


def _default_workers(settings: ScoringSettings) -> int:
    """One a core where the processor computes; one for a device, which they would share."""
    if settings.backend != BACKENDS[0]:
        return 1
    return max(1, usable_cores() // settings.threads)


def _is_engine(scene: Path) -> bool:
    return scene.suffix == engine_file.SUFFIX


def _name_of(onnx: Path) -> str:
    """A camera's name of the scene's file name."""
    plain = "".join(each if NAME_PATTERN.fullmatch(each) else "_" for each in onnx.stem)
    return plain[:64] or "camera"


def _print_dry_run(plan: ArchivePlan, workers: int, ray: str | None, as_json: bool) -> None:
    told = forecast(plan, workers)
    if as_json:
        document = {
            "dry_run": True,
            "sources": [job.name for job in plan.jobs],
            "done": plan.done,
            "workers": workers,
            "forecast": told,
        }
        click.echo(msgspec.json.encode(document))
        return
    where = "actors of the Ray cluster" if ray else "processes"
    click.echo(f"{len(plan.jobs)} clips would be scored into {plan.out}, by {workers} {where}")
    for job in plan.jobs[:_MOST_SHOWN]:
        click.echo(f"  {job.name}")
    if len(plan.jobs) > _MOST_SHOWN:
        click.echo(f"  and {len(plan.jobs) - _MOST_SHOWN} more")
    if plan.done:
        click.echo(f"{len(plan.done)} are done, and would not be scored again")
    if told:
        click.echo(
            f"about {told.frames} frames: {describe_duration(told.seconds)}, if each is as fast as "
            f"one was here and now: {told.frames_per_second:.0f} frames a second, measured on "
            f"{told.measured_frames} frames of {told.measured_on}"
        )
    elif plan.jobs:
        click.echo("how long it would take is not known: no clip says how long it is")


def _report(
    model: SceneModel,
    plan: ArchivePlan,
    results: Sequence[ClipResult],
    outcomes: Sequence[Outcome[Any, Any]],
    as_json: bool,
) -> None:
    named = {*plan.done, *(each.job.name for each in outcomes if not each.failure)}
    shown = [each for each in results if each.scores.source in named]
    _warn(shown)
    has_maps = plan.manifest.settings.has_maps
    scores = [source_scores(each.scores, plan.out, has_maps) for each in shown]
    if as_json:
        click.echo(msgspec.json.encode(_document(plan, results, scores, outcomes)))
        return
    for each in scores[:_MOST_SHOWN]:
        print_scores(each)
    if len(scores) > _MOST_SHOWN:
        click.echo(f"and {len(scores) - _MOST_SHOWN} more")
    if scores:
        print_standing(model.card, scores[0])
    events = sum(len(each.events) for each in results)
    table = f", and of all frames in {plan.out / TABLE}" if has_pyarrow() else ""
    click.echo(
        f"{len(results)} clips are scored, {len(plan.done)} of them before; {events} events in "
        f"{plan.out / EVENTS}{table}"
    )
    print_next(f"edge-vad serve {shlex.quote(str(plan.out / EVENTS))}")


def _warn(results: Sequence[ClipResult]) -> None:
    for each in results:
        if each.warning:
            warn(each.warning)
        if skipped := each.scores.skipped:
            warn(f"{skipped} frames of {each.scores.source} could not be read and were skipped")
    if results and not has_pyarrow():
        note("there is no scores.parquet: run pip install 'edge-vad[archive]', then this again")
    if undated := [each for each in results if each.events and each.begun_at is None]:
        note(
            f"the names of {len(undated)} clips with events do not tell when they were begun: "
            "their events are dated 1970-01-01"
        )


def _document(
    plan: ArchivePlan,
    results: Sequence[ClipResult],
    scores: Sequence[SourceScores],
    outcomes: Sequence[Outcome[Any, Any]],
) -> dict[str, Any]:
    failed = [
        {"source": each.job.name, **msgspec.to_builtins(each.failure)}
        for each in outcomes
        if each.failure
    ]
    return {
        "scene": str(plan.scene),
        "camera": plan.manifest.camera,
        "sources": scores,
        "done_before": plan.done,
        "failed": failed,
        "clips": len(results),
        "table": str(plan.out / TABLE) if has_pyarrow() else None,
        "events": str(plan.out / EVENTS),
    }
