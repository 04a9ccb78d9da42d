"""What is trained on: sources as they are named, cameras that are recorded first, or a site's."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_vad.cli.quantities import parse_duration, parse_size
from edge_vad.cli.record import record_footage
from edge_vad.errors import WrongUse
from edge_vad.record.planning import RecordPlan, cameras_of, plan_sources
from edge_vad.site.reading import read_site
from edge_vad.site.settings import CameraSettings
from edge_vad.sources.addresses.spec import parse_spec
from edge_vad.sources.connecting import is_paced
from edge_vad.untrusted import shown_path
from edge_vad_train.site.plan import SceneJob, TrainPlan

USUAL_RUNS = Path("runs")
FOOTAGE = "footage"
"""Folder, beside the trained scene, of what was recorded of its camera."""


@dataclass(frozen=True)
class TrainJob:
    """One scene to be trained.

    Attributes:
        sources: Its footage; or a camera.
        out: Folder of the trained scene.
        onnx: Where its scene model is to be.
    """

    sources: tuple[str, ...]
    out: Path
    onnx: Path

    def for_site(self, plan: TrainPlan, device: str, engine: bool, overwrite: bool) -> SceneJob:
        """The same to be done by a worker elsewhere; `plan` says how, but for the footage."""
        sources = [str(Path(each).absolute()) for each in self.sources]
        plan = msgspec.structs.replace(plan, sources=sources)
        places = self.out.absolute(), self.onnx.absolute()
        return SceneJob(self.out.name, plan, *places, device, engine, overwrite)


def plan_training(
    sources: tuple[str, ...], out: Path | None, config: Path | None, cameras: Sequence[str]
) -> list[TrainJob]:
    """Which scenes are trained: one of what was named, or one of each camera of a site.

    Raises:
        WrongUse: Nothing was named, a camera has no footage, or two show one scene.
        BadInput: The site file is broken.
    """
    if config is not None:
        if sources:
            raise WrongUse("--config stands for SOURCES", "give the one or the others")
        chosen = cameras_of(read_site(config), cameras)
        return _demand_apart([_job(camera, config, out or USUAL_RUNS) for camera in chosen])
    if cameras:
        raise WrongUse("--camera is for a site file", "name it with --config")
    if not sources or out is None:
        raise WrongUse("there is nothing to train on", "give SOURCES and --out, or --config")
    return [TrainJob(sources, out, Path(f"{out.resolve().name}.onnx"))]


def _demand_apart(jobs: list[TrainJob]) -> list[TrainJob]:
    """See to it that no scene would take the place of another that is trained with it."""
    by_place: dict[Path, TrainJob] = {}
    for job in jobs:
        if other := by_place.get(job.onnx.resolve()):
            raise WrongUse(
                f"cameras {other.out.name} and {job.out.name} show the same scene, "
                f"{shown_path(job.onnx)}, and each would be trained into its place",
                f"give them scenes of their own, or train one of them: --camera {other.out.name}",
            )
        by_place[job.onnx.resolve()] = job
    return jobs


def record_first(job: TrainJob, duration: str | None, max_size: str) -> tuple[str, ...]:
    """Record the camera that is named among the sources, as long as is wanted.

    Args:
        job: What is trained; the footage goes beside its scene.
        duration: Of the footage; what is there counts.
        max_size: That it may take.

    Returns:
        The sources, with the footage in place of the camera.

    Raises:
        WrongUse: There are several cameras, or it is not said how long.
        EdgeVadError: See `edge_vad.cli.record.record_footage`.
    """
    plans = {source: plan for source in job.sources if (plan := _camera(source, job.out))}
    if not plans:
        if duration is not None:
            raise WrongUse("--duration is for a camera", "leave it out: all footage is used")
        return job.sources
    if len(plans) > 1:
        raise WrongUse("several cameras are several scenes", "train each of them by itself")
    if duration is None:
        raise WrongUse(
            "a camera is recorded before anything is learnt from it",
            "say how long: --duration 2h; a whole day is best",
        )
    record_footage(list(plans.values()), parse_duration(duration), parse_size(max_size))
    return tuple(str(plans[each].folder) if each in plans else each for each in job.sources)


def _camera(source: str, out: Path) -> RecordPlan | None:
    """How to record a source that is a camera, or is played like one."""
    plan = plan_sources([source], out / FOOTAGE)[0]
    return plan if is_paced(plan.source) else None


def _job(camera: CameraSettings, config: Path, runs: Path) -> TrainJob:
    words = ["edge-vad", "record", "--config", shown_path(config), "--camera", camera.name]
    recording = f"run {shlex.join(words)} --duration 2h"
    if not camera.footage:
        raise WrongUse(
            f"camera {camera.name} says no place for its footage",
            f'add footage = ["footage/{camera.name}"] to it, then {recording}',
        )
    sources = tuple(str(config.parent / each) for each in camera.footage)
    try:
        for each in sources:
            parse_spec(Path(each))
    except WrongUse as error:
        raise WrongUse(f"camera {camera.name}: {error.what}", recording) from None
    scene = (config.parent / camera.scene).with_suffix(".onnx")
    return TrainJob(sources, runs / camera.name, scene)
