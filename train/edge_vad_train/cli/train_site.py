"""What edge-vad train does with the cameras of a site: every scene, side by side."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import torch

from edge_vad.bulk.estimate import describe_duration
from edge_vad.bulk.jobs import Job, Outcome
from edge_vad.bulk.processes import usable_cores
from edge_vad.cli.bulk import demand_all_done, do_all, open_pool, pool_size
from edge_vad.cli.console import note, warn
from edge_vad.cli.streams import print_next
from edge_vad.errors import EdgeVadError
from edge_vad.files.atomic import make_private_folder
from edge_vad.files.owner import Owner
from edge_vad.untrusted import shown_path
from edge_vad_train.cli.bars import Bars
from edge_vad_train.cli.fixed_camera import warn_of_moving_camera
from edge_vad_train.datasets import Clip, open_dataset
from edge_vad_train.site.plan import SceneJob
from edge_vad_train.site.record import (
    UNKNOWN,
    SceneRecord,
    made_record,
    wanted_key,
    write_record,
)
from edge_vad_train.site.worker import scene_maker

PROOFS = "proofs.json"
_CORE_S_A_SECOND = 64 * 60 / 86400
"""Of footage, as docs/sizing.md has it: a day took 32 minutes on two cores."""


def train_site(
    config: Path,
    scenes: Sequence[SceneJob],
    out: Path,
    workers: int | None,
    ray: str | None,
    dry_run: bool,
) -> None:
    """Train, export and verify the scenes of cameras, and collect the proofs.

    Args:
        config: The site file.
        scenes: The cameras' scenes.
        out: Folder of the trained scenes' folders.
        workers: Processes or actors side by side.
        ray: Address of a cluster, if one is wanted.
        dry_run: Whether to say only what would be done.

    Raises:
        NotAllDone: Some cameras failed, and all others are done.
        EdgeVadError: Nothing was done; see the parts.
    """
    done = [each for each in scenes if _is_done(each)]
    left = [each for each in scenes if each not in done]
    lengths = {each.camera: _footage_s(each) for each in left}
    if workers is None and ray is None:
        workers = _default_workers(scenes[0].device)
    threads = 1 if ray else max(1, usable_cores() // min(workers or 1, len(scenes)))
    if dry_run:
        size = pool_size(ray, workers, threads)
        _print_dry_run(lengths, done, min(size, max(1, len(left))))
        return
    make_private_folder(out)
    for each in left:
        warn_of_moving_camera(_clips_of(each), Bars(), f"camera {each.camera}")
    outcomes: list[Outcome[Any, Any]] = []
    if left:
        jobs = [Job(each.camera, lengths[each.camera], each) for each in left]
        with closing(Owner(out)), open_pool(scene_maker, ray, workers, threads) as pool:
            outcomes = do_all("training scenes", jobs, pool)
    _report(scenes, out, outcomes)
    demand_all_done(outcomes, "cameras")
    print_next(f"edge-vad run --config {shlex.quote(shown_path(config))} --serve")


def _default_workers(device: str) -> int:
    """One a core; one where a GPU learns, which they would share."""
    has_gpu = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    return 1 if has_gpu else usable_cores()


def _is_done(scene: SceneJob) -> bool:
    record = _record_of(scene)
    if record is None or not record.is_placed(scene.onnx):
        return False
    return record.has_engine(scene.onnx) or not scene.engine


def _record_of(scene: SceneJob) -> SceneRecord | None:
    """What was made for a camera; None where there is nothing, or something else."""
    try:
        key = wanted_key(scene.out, scene.plan.key(), overwrite=scene.overwrite)
        return made_record(scene.out, key)
    except (EdgeVadError, OSError):
        return None  # a worker says why


def _footage_s(scene: SceneJob) -> float:
    """Seconds of footage of a camera; 0 where it cannot be told."""
    try:
        return sum((length or 0) / fps for length, fps in map(Clip.extent, _clips_of(scene)))
    except EdgeVadError:
        return 0.0  # a worker says why


def _clips_of(scene: SceneJob) -> tuple[Clip, ...]:
    """The footage of a camera; nothing where it cannot be opened."""
    try:
        return open_dataset(scene.plan.sources, scene.plan.form, scene.plan.fps).train
    except EdgeVadError:
        return ()  # a worker says why


def _print_dry_run(lengths: dict[str, float], done: Sequence[SceneJob], workers: int) -> None:
    click.echo(f"{len(lengths)} scenes would be made, by {workers} workers")
    for camera, seconds in lengths.items():
        click.echo(f"  {camera}: {describe_duration(seconds)} of footage")
    if done:
        click.echo(f"{len(done)} are done: {', '.join(each.camera for each in done)}")
    if lengths:
        longest, total = max(lengths.values()), sum(lengths.values())
        seconds = _CORE_S_A_SECOND * max(longest, total / workers)
        click.echo(
            f"about {describe_duration(seconds)}, by the figure of docs/sizing.md, not measured "
            "here: a day of footage takes 64 minutes of a core; short footage takes longer than "
            "its share"
        )


def _report(scenes: Sequence[SceneJob], out: Path, outcomes: Sequence[Outcome[Any, Any]]) -> None:
    records = [record for each in scenes if (record := _record_of(each))]
    write_record(out / PROOFS, records)
    for outcome in outcomes:
        for remark in outcome.result.remarks if outcome.result else ():
            warn(f"{outcome.job.name}: {remark}")
    for record in records:
        if record.key == UNKNOWN:
            note(
                f"{out / record.camera} already holds a trained scene; --overwrite trains it again"
            )
        click.echo(f"{record.camera}: {_describe(record)}")
    click.echo(f"{len(records)} of {len(scenes)} scenes are made; their proofs: {out / PROOFS}")


def _describe(record: SceneRecord) -> str:
    shift = max((row.score_shift for row in record.proof), default=0.0)
    frames = max((row.frames for row in record.proof), default=0)
    proof = f"{len(record.proof)} backends compared on {frames} frames, scores within {shift:.1g}"
    return f"{proof}, engine {record.engine}" if record.engine else proof
