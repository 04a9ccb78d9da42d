"""How long it would take to score what is left of an archive, by a piece of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

import msgspec

from edge_vad.archive.plan import ArchiveClip, ArchivePlan
from edge_vad.bulk.jobs import Job
from edge_vad.errors import EdgeVadError
from edge_vad.scoring.detector import Detector, load
from edge_vad.sources import open_source

_TRIED_CLIPS, _COUNTED_CLIPS = 5, 20
_WARM_FRAMES, _MOST_FRAMES, _MOST_S = 10, 500, 10.0


class Forecast(msgspec.Struct, frozen=True):
    """How long it would take.

    Attributes:
        frames: About how many frames are left.
        measured_on: Name of the clip whose beginning was scored.
        measured_frames: How many frames of it.
        frames_per_second: How fast one worker of this machine scored them.
        seconds: How long all would take, if so many workers are each as fast.
    """

    frames: int
    measured_on: str
    measured_frames: int
    frames_per_second: float
    seconds: float


def forecast(plan: ArchivePlan, workers: int) -> Forecast | None:
    """Score the beginning of a clip, and conclude from it.

    Returns:
        The forecast; None where nothing is left, or no clip can be read or says how long it is.

    Raises:
        EdgeVadError: The scene cannot be loaded.
    """
    frames = _frames_left(plan)
    if not plan.jobs or frames is None:
        return None
    settings = plan.manifest.settings
    with load(
        plan.scene, backend=settings.backend, threads=settings.threads, ignore=settings.ignore
    ) as detector:
        for job in plan.jobs[:_TRIED_CLIPS]:
            with suppress(EdgeVadError, OSError):
                count, seconds = _measure(detector, plan, job.work)
                if count:
                    speed = count / seconds
                    left_s = frames / speed / min(workers, len(plan.jobs))
                    return Forecast(frames, job.name, count, speed, left_s)
    return None


def _measure(detector: Detector, plan: ArchivePlan, clip: ArchiveClip) -> tuple[int, float]:
    """How many frames of a clip were scored, and in how many seconds."""
    settings = plan.manifest.settings
    with open_source(clip.source, strict=settings.strict, fps=settings.fps) as source:
        detections = detector.watch(source, 0)
        warm = sum(1 for _ in islice(detections, _WARM_FRAMES))
        begun_s, count = time.perf_counter(), 0
        for _ in islice(detections, _MOST_FRAMES):
            count += 1
            if time.perf_counter() - begun_s > _MOST_S:
                break
        seconds = time.perf_counter() - begun_s
    return (count, seconds) if warm == _WARM_FRAMES else (0, 0.0)


def _frames_left(plan: ArchivePlan) -> int | None:
    """About how many frames are left, by the lengths of some clips and the sizes of all."""
    step = max(1, len(plan.jobs) // _COUNTED_CLIPS)
    counted = [*_lengths(plan, plan.jobs[::step])]
    if not counted:
        return None
    weights = sum(job.weight for job, _ in counted)
    frames = sum(length for _, length in counted)
    if not weights:
        return round(frames / len(counted) * len(plan.jobs))
    return round(frames / weights * sum(job.weight for job in plan.jobs))


def _lengths(
    plan: ArchivePlan, jobs: Sequence[Job[ArchiveClip]]
) -> Iterator[tuple[Job[ArchiveClip], int]]:
    for job in jobs:
        with (
            suppress(EdgeVadError, OSError),
            open_source(job.work.source, fps=plan.manifest.settings.fps) as source,
        ):
            if source.length:
                yield job, source.length
