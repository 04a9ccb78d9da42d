"""edge-vad verify: compare a scene model with single precision, at any time after its export."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from edge_vad.cli.streams import print_next, run_command
from edge_vad.errors import CheckFailed, WrongUse
from edge_vad.preprocessing.regions import describe_regions
from edge_vad.scene_model import SceneModel
from edge_vad_export.options import comparison_options
from edge_vad_export.verification.runners import open_all, open_engine, refuse_another_scene
from edge_vad_export.verification.table import print_comparisons
from edge_vad_export.verification.verification import Gates, Verification, VerificationFootage

_EPILOG = """\b
Examples:
  edge-vad verify street.fp16.onnx --reference street.onnx --frames normal.mp4
  edge-vad verify street.onnx --labels UCSDped2 --format ucsd
"""


@click.command("verify", epilog=_EPILOG)
@click.argument("scene", type=click.Path(path_type=Path))
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    help="The scene in single precision; SCENE itself where it is that.",
)
@click.option(
    "--engine",
    type=click.Path(path_type=Path),
    help="An engine that was built from SCENE, to compare too.",
)
@comparison_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
def verify(
    scene: Path,
    reference: Path | None,
    engine: Path | None,
    frames: tuple[str, ...],
    labels: str | None,
    form: str,
    max_auc_drop: float,
    max_score_shift: float,
    as_json: bool,
) -> None:
    """Compare SCENE, on every backend of this machine, with single precision on the CPU."""
    model, single = _read(scene, reference)
    footage = VerificationFootage(frames, labels, form, model.card.camera)
    if not footage.given:
        raise WrongUse(
            "there are no frames to compare on", "add --frames SOURCE or --labels DATASET"
        )
    verification = Verification(single, footage, Gates(max_auc_drop, max_score_shift))
    proof = verification.run(
        lambda opened: [
            *open_all(model, opened, single),
            *([open_engine(model, engine, opened)] if engine else []),
        ]
    )
    if as_json:
        click.echo(msgspec.json.encode({"scene": str(scene), "proof": proof}))
    else:
        print_comparisons(proof)
        if ignored := describe_regions(model.card.ignored):
            click.echo(ignored)
    refused = verification.gates.why_refused(proof)
    if refused:
        raise CheckFailed(refused, "export the scene again, or keep to single precision")
    if not as_json:
        if len(proof) == 1:
            click.echo("no other backend of ONNX files works here: there was nothing to compare")
        print_next(run_command(scene))


def _read(scene: Path, reference: Path | None) -> tuple[SceneModel, SceneModel]:
    """The scene model, and the same scene in single precision.

    Raises:
        WrongUse: There is none, or it is of another training.
    """
    model = SceneModel.read(scene)
    if reference is None and model.card.precision != "fp32":
        raise WrongUse(
            f"{scene} is {model.card.precision}, and there is nothing to hold it to",
            "add --reference and the scene model in single precision",
        )
    single = SceneModel.read(reference) if reference else model
    refuse_another_scene(model, single)
    return model, single
