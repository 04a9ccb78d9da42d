"""Exports the trained scene of a camera, proves it, and builds its engine."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from edge_vad.errors import Unavailable
from edge_vad.scene_model import Comparison
from edge_vad_export.conversion import from_training, place, reject, stage
from edge_vad_export.engines import make_engine, plan_engine
from edge_vad_export.verification.runners import open_all
from edge_vad_export.verification.verification import Gates, Verification, VerificationFootage


def export_scene(trained: Path, onnx: Path, frames: tuple[str, ...]) -> tuple[Comparison, ...]:
    """Write a trained scene as a scene model in single precision, with the proof in its card.

    Args:
        trained: The folder of the training.
        onnx: The scene model.
        frames: Footage on which all backends of this machine are compared.

    Returns:
        The proof.

    Raises:
        CheckFailed: It is not the network, or a backend is beyond a gate; the file is kept under
            another name.
        EdgeVadError: There is no trained scene, or the footage cannot be read.
    """
    single, gates = from_training(trained), Gates()
    with TemporaryDirectory() as folder:
        model = stage(single, Path(folder))
        verification = Verification(model, VerificationFootage(frames), gates, single.samples)
        proof = verification.run(lambda opened: open_all(model, opened, model))
    made = single.with_card(proof=proof)
    if refused := gates.why_refused(proof):
        reject(made, onnx, refused)
    place(made, onnx)
    return proof


def export_engine_here(onnx: Path) -> Path | None:
    """Build the engine of a scene model by TensorRT, where this machine has a GPU for it.

    Returns:
        The engine; None where there is no such device, or no TensorRT.

    Raises:
        EdgeVadError: It cannot be built.
    """
    try:
        return make_engine(plan_engine(onnx)).plan.path
    except Unavailable:
        return None
