"""Makes scenes: trains them, and of a site exports and verifies them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stderr
from pathlib import Path

import msgspec
from lightning_fabric import Fabric

from edge_vad.errors import Unavailable, WrongUse
from edge_vad.files.atomic import make_private_folder, write_whole
from edge_vad.files.owner import Owner
from edge_vad.installed import EXPORTERS, provided
from edge_vad_train.checkpoint import FILE_NAME, TrainedScene
from edge_vad_train.datasets import Clip, open_dataset
from edge_vad_train.pipeline import train_scene
from edge_vad_train.site.plan import SceneJob, TrainPlan, take_up
from edge_vad_train.site.record import (
    INPUTS,
    MADE,
    MODEL,
    SceneInputs,
    SceneRecord,
    digest_of,
    key_of_scene,
    made_record,
    wanted_key,
    write_record,
)
from edge_vad_train.stages import Advance, Stages


def make_scene(job: SceneJob) -> SceneRecord:
    """Make the scene of a camera; what is there of it is taken up.

    Raises:
        WrongUse: Another scene is there, and is not to be overwritten.
        BadInput: Another process makes it.
        EdgeVadError: It cannot be trained or exported, or is beyond a gate.
    """
    with (
        closing(Owner(job.out)),  # a worker that is taken for lost may still be at it
        redirect_stderr(io.StringIO()),  # bars, of many at once
    ):
        key = wanted_key(job.out, job.plan.key(), overwrite=job.overwrite)
        made = made_record(job.out, key)
        if made is None:
            _refuse_taken(job)
            remarks = _train(job, key)
            made = _export(job, key, remarks)
        _place(job, made)
        return _compile(job, made) if job.engine else made


def _train(job: SceneJob, key: str) -> tuple[str, ...]:
    """Train the scene, unless it is; returns what is to be known of the footage."""
    out, plan, quiet = job.out, job.plan, _Quiet()
    if (out / FILE_NAME).exists() and key == key_of_scene(out):
        return ()
    clips = open_dataset(plan.sources, plan.form, plan.fps).train
    make_private_folder(out)
    (out / FILE_NAME).unlink(missing_ok=True)
    write_record(out / INPUTS, SceneInputs(key))
    take_up(out, plan, job.overwrite)
    train_planned(plan, clips, out, job.device, quiet)
    write_record(out / INPUTS, SceneInputs(key, digest_of(out / FILE_NAME) or ""))
    return tuple(quiet.said)


def train_planned(
    plan: TrainPlan, clips: Sequence[Clip], out: Path, device: str, stages: Stages
) -> TrainedScene:
    """Train a scene in a folder that was made ready.

    Args:
        plan: What decides it.
        clips: Its footage, opened.
        out: The folder.
        device: Where to train.
        stages: Shows how far it is.

    Raises:
        Unavailable: There is no such device.
        EdgeVadError: See `train_scene`.
    """
    try:
        fabric = Fabric(accelerator=device, devices=1)
    except (ValueError, RuntimeError) as error:
        raise Unavailable(f"there is no device {device!r} ({error})", "use --device auto") from None
    return train_scene(
        clips,
        out,
        plan.settings,
        fabric,
        stages,
        plan.size,
        ignore=plan.ignore,
        strict=plan.strict,
    )


class _Quiet:
    """Stages that nobody watches; what they warn of is kept."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @contextmanager
    def stage(self, label: str, length: int | None) -> Iterator[Advance]:  # noqa: ARG002
        yield lambda steps, remark="": None  # noqa: ARG005

    def warn(self, text: str) -> None:
        self.said.append(text)


def _export(job: SceneJob, key: str, remarks: tuple[str, ...]) -> SceneRecord:
    """Export the trained scene, and prove it on its footage."""
    trained, model = job.out / FILE_NAME, job.out / MODEL
    digest = digest_of(trained) or ""
    proof = provided(EXPORTERS, "onnx").load()(job.out, model, tuple(job.plan.sources))
    record = SceneRecord(job.camera, key, digest, digest_of(model) or "", proof, remarks=remarks)
    write_record(job.out / MADE, record)
    return record


def _compile(job: SceneJob, made: SceneRecord) -> SceneRecord:
    """Build the engine, where the device for it is here."""
    if made.has_engine(job.onnx):
        return made
    engine = provided(EXPORTERS, "engine").load()(job.onnx)
    if engine is not None:
        made = msgspec.structs.replace(made, engine=engine.name)
        write_record(job.out / MADE, made)
    return made


def _refuse_taken(job: SceneJob) -> None:
    """See to it, before any work, that the scene model's place is free.

    Raises:
        WrongUse: It is not.
    """
    if job.onnx.exists() and not job.overwrite:
        raise WrongUse(
            f"{job.onnx} is there already, and is not of this training",
            "move it away, or add --overwrite",
        )


def _place(job: SceneJob, made: SceneRecord) -> None:
    """Put the scene model where the site file has it.

    Raises:
        WrongUse: Another one is there.
        OSError: It cannot be written.
    """
    if not made.is_placed(job.onnx):
        _refuse_taken(job)
        job.onnx.parent.mkdir(parents=True, exist_ok=True)
        write_whole(job.onnx, (job.out / MODEL).read_bytes())
