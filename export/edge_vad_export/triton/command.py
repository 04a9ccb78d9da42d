"""What edge-vad export --triton does and prints."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from edge_vad import engine_file
from edge_vad.backends.triton.naming import model_name
from edge_vad.cli.streams import print_next, run_command
from edge_vad.errors import WrongUse
from edge_vad.opencv import cv2
from edge_vad.preprocessing.background_picture import decode_background
from edge_vad.scene_model import SceneModel
from edge_vad_export.engines.options import EngineChoice
from edge_vad_export.triton.config import ONNX, PLAN, Served
from edge_vad_export.triton.repository import ServedModel, add_to_repository
from edge_vad_export.verification.samples import PreparedSample, moved
from edge_vad_export.verification.verification import VerificationFootage


def refuse_serving(repository: Path | None, engine: EngineChoice | None, scene: Path) -> None:
    """See to it, before any work, that a server can get what was asked for.

    Args:
        repository: Where it is to be put; None where it is not.
        engine: The engine that is to be built of it.
        scene: The scene model, which may not be there yet.

    Raises:
        WrongUse: It cannot.
    """
    if repository is None:
        return
    if engine and engine.target != "tensorrt":
        raise WrongUse("Triton has no backend for TensorRT-RTX", "leave --target out")
    if engine and engine.dry_run:
        raise WrongUse("--dry-run writes nothing, and --triton does", "leave one of them out")
    model_name(scene)
    if repository.exists() and not repository.is_dir():
        raise WrongUse(f"{repository} is a file", "give --triton a folder, such as models")


def serve(
    repository: Path,
    scene: Path,
    footage: VerificationFootage,
    kept: Iterable[PreparedSample],
    engine: Path | None,
    *,
    quiet: bool,
) -> dict[str, Any]:
    """Put a scene model, or the engine that was built from it, into a repository.

    Args:
        repository: The folder.
        scene: The scene model.
        footage: What was given to warm up with.
        kept: Frames that the training kept.
        engine: The engine; None: the server runs the scene model itself.
        quiet: Whether not to print what was written and the next commands.

    Returns:
        What was written, for programs.

    Raises:
        WrongUse: Something else has its place.
        BadInput: It cannot be written, or the footage cannot be read.
    """
    model = SceneModel.read(scene)
    form, content = _plan(engine) if engine else (ONNX, model.content())
    samples = warm_up_samples(model, footage, kept)
    warm_up = {} if model.card.motion_inside else warm_up_tensors(model, samples)
    served = add_to_repository(repository, model, form, content, warm_up)
    if not quiet:
        _print_served(served, model)
    return {
        "triton": {
            "repository": str(served.repository),
            "model": served.name,
            "version": str(served.version),
            "platform": served.platform,
            "new": served.is_new,
        }
    }


def _print_served(served: ServedModel, model: SceneModel) -> None:
    there = "" if served.is_new else ", which was there already"
    click.echo(f"{served.file}: {served.platform}{there}")
    if model.card.motion_inside:
        click.echo("the server keeps the state of every camera: its frames must reach one server")
    backend = f"triton://HOST:8001/{served.name}"
    print_next(
        f"tritonserver --model-repository {shlex.quote(str(served.repository))}",
        run_command(model.path, "SOURCE", "--backend", backend),
    )


def _plan(engine: Path) -> tuple[Served, bytes]:
    sidecar = engine_file.read_sidecar(engine)
    return PLAN._replace(most_frames=sidecar.options.batch.largest), engine.read_bytes()


def warm_up_samples(
    model: SceneModel, footage: VerificationFootage, kept: Iterable[PreparedSample] = ()
) -> Iterable[PreparedSample]:
    """Frames to warm up with: of the footage, or kept by the training, or else the empty picture.

    Args:
        model: The scene model.
        footage: What was given.
        kept: What the training kept.

    Raises:
        WrongUse: There is no such source.
        BadInput: The footage cannot be read, or is of another shape.
    """
    if footage.given:
        return footage.samples(model)
    return list(kept) or moved(model, [_empty_picture(model)])


def warm_up_tensors(
    model: SceneModel, samples: Iterable[PreparedSample]
) -> dict[str, NDArray[Any]]:
    """What a server is sent for one of some frames, the last of those whose motion is known.

    Args:
        model: The scene model.
        samples: Frames in a row; only as many are taken as make motion known.

    Returns:
        Name of the input to its values, of one frame.
    """
    found = None
    for each in islice(samples, model.card.motion.window + 1):
        if found is None or each.has_motion:
            found = each.inputs.copied().tensors
    assert found  # noqa: S101 - footage without frames is refused before
    return {name: values[0] for name, values in found.items()}


def _empty_picture(model: SceneModel) -> NDArray[np.uint8]:
    card = model.card
    small = decode_background(card.empty[0]) if card.empty else np.full((2, 2), 128.0, np.float32)
    grey = cv2.resize(small, (card.width, card.height), interpolation=cv2.INTER_LINEAR)
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
