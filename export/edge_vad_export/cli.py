"""edge-vad export: write a trained scene as one ONNX file, in the precision that is asked for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import click
import msgspec
from rich.console import Console

from edge_vad.cli.console import progress
from edge_vad.errors import BadInput, CheckFailed, Unavailable, WrongUse
from edge_vad.scene_model import Comparison, Precision, SceneModel
from edge_vad_export.contestants import open_all, open_reference
from edge_vad_export.engines.command import export_engine
from edge_vad_export.engines.options import EngineChoice, engine_options
from edge_vad_export.making import Made, convert, from_scene_model, from_training
from edge_vad_export.options import Gates, ProofFootage, footage_options, gate_options
from edge_vad_export.proof import prove
from edge_vad_export.table import print_proof
from edge_vad_export.writing import embed_card, write_model

_EPILOG = """\b
Examples:
  edge-vad export runs/street --out street.onnx
  edge-vad export runs/street --fp16 --out street.fp16.onnx
  edge-vad export street.onnx --int8 --calibration normal.mp4 --out street.int8.onnx
  edge-vad export street.fp16.onnx --engine
"""


@click.command("export", epilog=_EPILOG)
@click.argument("trained", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The ONNX file; beside TRAINED and named like it by default.",
)
@click.option("--fp16", is_flag=True, help="Encoders in half precision.")
@click.option("--int8", is_flag=True, help="Encoders in whole numbers of eight bits.")
@click.option(
    "--calibration",
    metavar="SOURCE",
    multiple=True,
    help="Ordinary footage for --int8 to take ranges from; may be given several times.",
)
@footage_options
@gate_options
@engine_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
def export(
    trained: Path,
    out: Path | None,
    fp16: bool,
    int8: bool,
    calibration: tuple[str, ...],
    frames: tuple[str, ...],
    labels: str | None,
    form: str,
    max_auc_drop: float,
    max_score_shift: float,
    engine: EngineChoice | None,
    as_json: bool,
) -> None:
    """Write a trained scene as one ONNX file, and prove it on real frames.

    TRAINED is the folder of a training, or a scene model in single precision to make one of less
    precision from. It is compared with single precision on the footage of --labels, --frames or
    --calibration, or on the frames that the training kept.

    With --engine it is then compiled for one device; of a scene model as it is, alone.
    """
    precision = _chosen(fp16, int8, calibration)
    if engine and is_scene_model(trained) and precision == "fp32" and out is None:
        export_engine(trained, engine, as_json)
        return
    footage = ProofFootage(frames or calibration, labels, form)
    out = out or _beside(trained, precision)
    if engine and engine.dry_run:
        export_engine(out, engine, as_json)
        return
    _refuse_unfit(trained, out, precision, footage)
    with TemporaryDirectory() as folder, _needing_packages():
        with Console(stderr=True).status("building the graph"):
            single, made = _make(trained, precision, calibration, Path(folder))
        try:
            proof = _prove(single, made, footage, Path(folder))
        except CheckFailed as error:
            _reject(made, out, error.what)
    refused = Gates(max_auc_drop, max_score_shift).why_refused(proof)
    made = made._replace(card=msgspec.structs.replace(made.card, proof=proof))
    if refused:
        _tell(out, made, as_json)
        _reject(made, out, refused)
    _write(made, out)
    SceneModel.read(out)
    if not (engine and as_json):
        _tell(out, made, as_json)
    if engine:
        export_engine(out, engine, as_json)
    elif not as_json:
        click.echo(f"\nnext: edge-vad run {shlex.quote(str(out))} SOURCE --out watched")


def is_scene_model(trained: Path) -> bool:
    """Whether it is an ONNX file, and not a training."""
    return trained.suffix == ".onnx" and trained.is_file()


def _chosen(fp16: bool, int8: bool, calibration: tuple[str, ...]) -> Precision:
    if fp16 and int8:
        raise WrongUse("--fp16 and --int8 exclude each other", "export twice, to two files")
    if int8 and not calibration:
        raise WrongUse(
            "--int8 takes its ranges from ordinary footage, and there is none",
            "add --calibration SOURCE, such as the footage that the scene was trained on",
        )
    if calibration and not int8:
        raise WrongUse("--calibration is for --int8 alone", "add --int8, or use --frames instead")
    return "fp16" if fp16 else "int8" if int8 else "fp32"


def _refuse_unfit(trained: Path, out: Path, precision: Precision, footage: ProofFootage) -> None:
    """Tell what cannot work before any work is done."""
    if out.is_dir():
        raise BadInput(f"{out} is a folder", "give --out the name of a file, such as scene.onnx")
    if not is_scene_model(trained):
        return
    SceneModel.read(trained)
    if precision == "fp32":
        raise WrongUse(f"{trained} is a scene model already", "add --fp16 or --int8")
    if not footage.given:
        raise WrongUse(
            "there are no frames to compare the two precisions on",
            "add --frames SOURCE or --labels DATASET, or give the folder of the training",
        )


def _make(
    trained: Path, precision: Precision, calibration: tuple[str, ...], folder: Path
) -> tuple[Made, Made]:
    """Make the scene model in single precision, and in the precision that was asked for."""
    single = from_scene_model(trained) if is_scene_model(trained) else from_training(trained)
    if precision == "fp32":
        return single, single
    return single, convert(single, precision, _staged(single, folder), calibration)


def _prove(single: Made, made: Made, footage: ProofFootage, folder: Path) -> tuple[Comparison, ...]:
    """Compare the two, in a folder for what passes."""
    reference, model = _staged(single, folder), _staged(made, folder)
    with ExitStack() as opened, progress("comparing", None) as advance:
        others = [*open_all(model, opened)]
        frames = footage.watch(reference) if footage.given else single.samples
        return prove(open_reference(reference, opened), others, frames, advance)


def _staged(made: Made, folder: Path) -> SceneModel:
    path = folder / f"{made.card.precision}.onnx"
    _write(made, path)
    return SceneModel.read(path)


def _write(made: Made, path: Path) -> None:
    embed_card(made.graph, made.card)
    try:
        write_model(made.graph, path)
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written ({error.strerror})", "give an --out that can be written"
        ) from None


def _reject(made: Made, out: Path, why: str) -> NoReturn:
    """Keep the scene model under a name that nobody takes for a good one."""
    rejected = out.with_name(f"{out.name}.rejected")
    _write(made, rejected)
    raise CheckFailed(
        why, f"keep to single precision, or allow more; the file is kept as {rejected}"
    )


@contextmanager
def _needing_packages() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"this needs the package {error.name!r}, which is not installed",
            "run pip install 'edge-vad[cpu,train,export]'",
        ) from None


def _tell(out: Path, made: Made, as_json: bool) -> None:
    parity, proof = made.card.parity, made.card.proof
    if as_json:
        click.echo(msgspec.json.encode({"scene": str(out), "parity": parity, "proof": proof}))
        return
    click.echo(f"{out}: {made.graph.ByteSize() / 1e6:.1f} MB, {made.card.precision}")
    if parity and made.samples:
        click.echo(
            f"against PyTorch on {parity.frames} held-back frames: energy maps within "
            f"{parity.energy_relative_error:.1e} (relative), scores within "
            f"{parity.score_absolute_error:.1e}"
        )
    print_proof(proof)


def _beside(trained: Path, precision: Precision) -> Path:
    """The ONNX file beside a scene, named like it."""
    ending = ".onnx" if precision == "fp32" else f".{precision}.onnx"
    if trained.is_file():
        return trained.with_name(trained.stem + ending)
    folder = trained if trained.name not in ("", "..") else trained.resolve()
    return folder.with_name(folder.name + ending)
