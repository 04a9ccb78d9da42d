"""Makes the scenes of cameras within a worker: trained, exported, verified."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge_vad.errors import WrongUse
from edge_vad.files.atomic import make_private_folder, write_whole
from edge_vad.files.owner import Owner
from edge_vad.installed import EXPORTERS, provided

if TYPE_CHECKING:
    from edge_vad_train.site.plan import SceneJob
    from edge_vad_train.site.record import SceneRecord
    from edge_vad_train.stages import Advance


class SceneWorker:
    """Makes one scene after the other; what is there of it is taken up.

    Args:
        device: Where scenes are trained.
        engine: Whether engines are built, where their device is.
        overwrite: Whether other scenes are replaced.
    """

    def __init__(self, device: str, engine: bool, overwrite: bool) -> None:
        self._device, self._engine, self._overwrite = device, engine, overwrite

    def __call__(self, job: SceneJob) -> SceneRecord:
        """Make the scene of a camera.

        Raises:
            WrongUse: Another scene is there, and is not to be overwritten.
            BadInput: Another process makes it.
            EdgeVadError: It cannot be trained or exported, or is beyond a gate.
        """
        with closing(Owner(Path(job.out))):  # a worker that is taken for lost may still be at it
            return self._make(job)

    def _make(self, job: SceneJob) -> SceneRecord:
        from edge_vad_train.site.record import made_record, wanted_key

        out, overwrite = Path(job.out), self._overwrite
        key = wanted_key(out, job.plan.key(), overwrite=overwrite)
        with redirect_stderr(io.StringIO()):  # bars, of many at once
            made = made_record(out, key)
            if made is None:
                _refuse_taken(job, overwrite)
                remarks = self._train(job, key)
                made = _export(job, key, remarks)
            _place(job, made, overwrite)
            return self._compile(job, made)

    def _train(self, job: SceneJob, key: str) -> tuple[str, ...]:
        """Train the scene, unless it is; returns what is to be known of the footage."""
        from edge_vad_train.checkpoint import FILE_NAME
        from edge_vad_train.datasets import open_dataset
        from edge_vad_train.pipeline import train_scene
        from edge_vad_train.site.plan import open_fabric, take_up
        from edge_vad_train.site.record import (
            INPUTS,
            SceneInputs,
            digest_of,
            key_of_scene,
            write_record,
        )

        out, plan, quiet = Path(job.out), job.plan, _Quiet()
        if (out / FILE_NAME).exists() and key == key_of_scene(out):
            return ()
        dataset = open_dataset(plan.sources, plan.form, plan.fps)
        make_private_folder(out)
        (out / FILE_NAME).unlink(missing_ok=True)
        write_record(out / INPUTS, SceneInputs(key))
        take_up(out, plan, self._overwrite)
        fabric = open_fabric(self._device)
        train_scene(
            dataset.train,
            out,
            plan.settings,
            fabric,
            quiet,
            plan.size,
            ignore=plan.ignore,
            strict=plan.strict,
        )
        write_record(out / INPUTS, SceneInputs(key, digest_of(out / FILE_NAME) or ""))
        return tuple(quiet.said)

    def _compile(self, job: SceneJob, made: SceneRecord) -> SceneRecord:
        """Build the engine, where one is wanted and the device for it is here."""
        from edge_vad_train.site.record import MADE, has_engine, write_record

        if not self._engine or has_engine(made, Path(job.onnx)):
            return made
        engine = provided(EXPORTERS, "engine").load()(Path(job.onnx))
        if engine is not None:
            made = msgspec.structs.replace(made, engine=engine.name)
            write_record(Path(job.out) / MADE, made)
        return made


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
    from edge_vad_train.checkpoint import FILE_NAME
    from edge_vad_train.site.record import MADE, MODEL, SceneRecord, digest_of, write_record

    out = Path(job.out)
    trained = digest_of(out / FILE_NAME) or ""
    export = provided(EXPORTERS, "onnx").load()
    proof = export(out, out / MODEL, tuple(job.plan.sources))
    model = digest_of(out / MODEL) or ""
    record = SceneRecord(job.camera, key, trained, model, proof, remarks=remarks)
    write_record(out / MADE, record)
    return record


def _refuse_taken(job: SceneJob, overwrite: bool) -> None:
    """See to it, before any work, that the scene model's place is free.

    Raises:
        WrongUse: It is not.
    """
    if Path(job.onnx).exists() and not overwrite:
        raise WrongUse(
            f"{job.onnx} is there already, and is not of this training",
            "move it away, or add --overwrite",
        )


def _place(job: SceneJob, made: SceneRecord, overwrite: bool) -> None:
    """Put the scene model where the site file has it.

    Raises:
        WrongUse: Another one is there.
        OSError: It cannot be written.
    """
    from edge_vad_train.site.record import MODEL, is_placed

    onnx = Path(job.onnx)
    if is_placed(made, onnx):
        return
    _refuse_taken(job, overwrite)
    onnx.parent.mkdir(parents=True, exist_ok=True)
    write_whole(onnx, (Path(job.out) / MODEL).read_bytes())
