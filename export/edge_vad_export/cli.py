"""edge-vad export: write a trained scene as one ONNX file, in the precision that is asked for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import msgspec
from rich.console import Console

from edge_vad.cli.streams import print_next, run_command
from edge_vad.errors import CheckFailed, Unavailable
from edge_vad.motion.state import MotionInside
from edge_vad.preprocessing.regions import describe_regions
from edge_vad_export.conversion import (
    ConvertedScene,
    calibrate,
    demand_trained,
    from_scene_model,
    from_training,
    place,
    reject,
    stage,
    to_fp16,
    to_int8,
    with_motion_inside,
)
from edge_vad_export.engines.command import (
    build_engine,
    describe_engine,
    print_dry_run,
    print_engine,
)
from edge_vad_export.engines.options import EngineChoice, chosen_engine, engine_options
from edge_vad_export.engines.plan import choose_device
from edge_vad_export.options import comparison_options
from edge_vad_export.preflight import (
    Kind,
    camera_picture,
    choose_kind,
    is_scene_model,
    refuse_beside_engine,
    refuse_conversion,
    refuse_engine,
    refuse_place,
)
from edge_vad_export.triton.command import refuse_serving, serve
from edge_vad_export.verification.runners import open_all
from edge_vad_export.verification.samples import moved
from edge_vad_export.verification.table import print_comparisons
from edge_vad_export.verification.verification import (
    Verification,
    VerificationFootage,
    gates_of,
)

_EPILOG = """\b
Examples:
  edge-vad export runs/street --out street.onnx
  edge-vad export runs/street --fp16 --out street.fp16.onnx
  edge-vad export street.onnx --int8 --calibration normal.mp4 --out street.int8.onnx
  edge-vad export street.fp16.onnx --engine
  edge-vad export street.onnx --triton models --frames normal.mp4
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
@click.option(
    "--motion-in-graph",
    is_flag=True,
    help="Measure motion inside of the graph, for devices whose GPU is to do all of it.",
)
@click.option(
    "--long-steps",
    is_flag=True,
    help="With --motion-in-graph: also for cameras that are slower than the scene.",
)
@click.option(
    "--input",
    "pictures",
    metavar="FORM:WIDTHxHEIGHT",
    help="With --motion-in-graph: take the camera's own pictures, such as nv12:1920x1080.",
)
@click.option(
    "--triton",
    metavar="REPO",
    type=click.Path(path_type=Path),
    help="Put it into a model repository of NVIDIA Triton, too; of a scene model as it is, alone.",
)
@comparison_options
@engine_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
def export(
    trained: Path,
    out: Path | None,
    fp16: bool,
    int8: bool,
    calibration: tuple[str, ...],
    motion_in_graph: bool,
    long_steps: bool,
    pictures: str | None,
    triton: Path | None,
    frames: tuple[str, ...],
    labels: str | None,
    form: str,
    max_auc_drop: float,
    max_score_shift: float,
    as_json: bool,
    **engine_words: Any,
) -> None:
    """Write a trained scene as one ONNX file, and prove it on real frames.

    TRAINED is the folder of a training, or a scene model in single precision to make one of less
    precision from. It is compared with single precision on the footage of --labels, --frames or
    --calibration, or on the frames that the training kept.

    With --engine it is then compiled for one device, and compared again where that is here; of a
    scene model as it is, alone. With --triton a server gets the scene model, or the engine.
    """
    engine = chosen_engine(**engine_words)
    kind = choose_kind(fp16, int8, motion_in_graph, calibration, long_steps)
    inside = MotionInside(long_steps, camera=camera_picture(pictures, motion_in_graph))
    footage = VerificationFootage(frames or calibration, labels, form, inside.camera)
    refuse_engine(trained)
    finish = _Finish(trained, footage, engine, triton, as_json)
    if (engine or triton) and is_scene_model(trained) and kind == "fp32":
        refuse_serving(triton, engine, trained)
        refuse_beside_engine(out, VerificationFootage() if triton else footage)
        finish.run()
        return
    out = out or _beside(trained, kind)
    refuse_place(out)
    refuse_serving(triton, engine, out)
    refuse_conversion(trained, kind, footage)
    if engine:  # told now, and not after the scene model was made
        choose_device(engine.target, engine.compute_capability)
    with TemporaryDirectory() as folder, _needing_packages():
        if engine and engine.dry_run:
            demand_trained(trained)
            print_dry_run(out, engine, as_json, is_there=False)
            return
        gates = gates_of(kind, max_auc_drop, max_score_shift)
        with Console(stderr=True).status("building the graph"):
            single = (from_scene_model if is_scene_model(trained) else from_training)(trained)
        reference = stage(single, Path(folder))
        verification = Verification(reference, footage, gates, single.samples)
        making = _Making(out, single, Path(folder), verification)
        made = making.make(trained, kind, calibration, inside)
        written, refused = _describe(out, made), gates.why_refused(made.card.proof)
        if not refused:
            place(made, out)
        if not as_json:
            _print_result(out, made)
        elif refused:
            click.echo(msgspec.json.encode(written))
        if refused:
            reject(made, out, refused)
        replace(finish, scene=out, written=written, verification=making.verification).run()


@dataclass(frozen=True)
class _Finish:
    """What becomes of a scene model that is written: an engine, a repository, or no more.

    Attributes:
        scene: The scene model.
        footage: What it was compared on.
        engine: The engine that was asked for.
        triton: The repository that was.
        as_json: Whether all of it is printed as one JSON object.
        written: What that says of the scene model.
        verification: How it was compared, where it was made now.
    """

    scene: Path
    footage: VerificationFootage
    engine: EngineChoice | None
    triton: Path | None
    as_json: bool
    written: dict[str, Any] = field(default_factory=dict)
    verification: Verification | None = None

    def run(self) -> None:
        """Do it, and print it."""
        if self.engine and self.engine.dry_run:
            print_dry_run(self.scene, self.engine, self.as_json, is_there=True)
            return
        described, built = self.written, None
        if self.engine:
            built = build_engine(self.scene, self.engine, self.verification)
            described = described | describe_engine(built)
        described = described | self._serve(built.plan.path if built else None)
        if self.as_json:
            click.echo(msgspec.json.encode(described))
        elif built:
            print_engine(built)
        elif not self.triton:
            frames = self.footage.frames
            print_next(run_command(self.scene, shlex.quote(frames[0]) if frames else "SOURCE"))

    def _serve(self, engine: Path | None) -> dict[str, Any]:
        if self.triton is None:
            return {}
        kept = self.verification.samples if self.verification else ()
        return serve(self.triton, self.scene, self.footage, kept, engine, quiet=self.as_json)


@dataclass
class _Making:
    """Makes the scene model that was asked for, with the proof in its card.

    Attributes:
        out: Where it will be written.
        single: The scene in single precision.
        folder: For what passes.
        verification: Compares it with single precision; `make` gives it frames that follow each
            other where motion is measured inside.
    """

    out: Path
    single: ConvertedScene
    folder: Path
    verification: Verification

    def make(
        self, trained: Path, kind: Kind, calibration: tuple[str, ...], inside: MotionInside
    ) -> ConvertedScene:
        """Make it; see the options."""
        if kind == "motion":
            return self._with_motion_inside(trained, inside)
        if kind == "int8":
            return self._in_int8(calibration)
        return self._verified(self.single if kind == "fp32" else to_fp16(self.single))

    def _verified(self, made: ConvertedScene) -> ConvertedScene:
        """Compare a scene model with single precision; gives it with the proof in its card.

        Raises:
            CheckFailed: It gives no numbers; it is kept under another name.
        """
        model = stage(made, self.folder)
        try:
            proof = self.verification.run(
                lambda opened: open_all(model, opened, self.verification.reference)
            )
        except CheckFailed as error:
            reject(made, self.out, error.what)
        return made.with_card(proof=proof)

    def _in_int8(self, calibration: tuple[str, ...]) -> ConvertedScene:
        """Make it in INT8: all layers that may, or as many of them as the gates let pass."""
        from edge_vad_export.mixed_precision import choose_layers

        with Console(stderr=True).status("calibrating"):
            calibrated = calibrate(self.single, self.verification.reference, calibration)
        make = partial(to_int8, self.single, calibrated)
        made = self._verified(make(calibrated.layers))
        if self.verification.gates.why_refused(made.card.proof) is None:
            return made
        layers = choose_layers(make, calibrated.layers, self.verification, self.folder)
        return self._verified(make(layers)) if layers else made

    def _with_motion_inside(self, trained: Path, inside: MotionInside) -> ConvertedScene:
        """Make it measure motion itself, and compare its flow and its scores."""
        from edge_vad_export.verification.flow_parity import demand_flow_parity, measure_flow_parity

        stills = [each.inputs.frame[0] for each in self.single.samples]
        samples = tuple(moved(self.verification.reference, stills))
        self.verification = replace(self.verification, samples=samples)
        with Console(stderr=True).status("building the graph with motion inside: some minutes"):
            made = with_motion_inside(trained, self.single, inside)
            found = measure_flow_parity(stage(made, self.folder), self.verification.frames())
        made = made.with_card(motion_inside=found)
        try:
            demand_flow_parity(found)
        except CheckFailed as error:
            reject(made, self.out, error.what)
        return self._verified(made)


@contextmanager
def _needing_packages() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"this needs the package {error.name!r}, which is not installed",
            "run pip install 'edge-vad[cpu,train,export]'",
        ) from None


def _describe(out: Path, made: ConvertedScene) -> dict[str, Any]:
    card = made.card
    described: dict[str, Any] = {"scene": str(out), "parity": card.parity, "proof": card.proof}
    if card.motion_inside:
        described["motion_inside"] = card.motion_inside
    if card.precision == "int8":
        described |= {"int8_layers": card.int8_layers, "fp32_layers": card.fp32_layers}
    return described


def _print_result(out: Path, made: ConvertedScene) -> None:
    parity = made.card.parity
    click.echo(f"{out}: {made.graph.ByteSize() / 1e6:.1f} MB, {made.card.precision}")
    if made.card.int8_layers:
        click.echo(f"layers in INT8: {', '.join(made.card.int8_layers)}")
    if made.card.fp32_layers:
        click.echo(
            "layers in single precision, as scores would shift too far: "
            f"{', '.join(made.card.fp32_layers)}"
        )
    if ignored := describe_regions(made.card.ignored):
        click.echo(ignored)
    if inside := made.card.motion_inside:
        if own := inside.camera:
            click.echo(
                f"it takes the camera's own pictures, {own.form} of {own.width}x{own.height}, and "
                f"makes of them what the runtime does within {inside.picture_error:.0f} grey levels"
            )
        click.echo(
            f"motion is measured inside: its flow is that of training within "
            f"{inside.mean_error:.1e} px on the mean and {inside.high_error:.1e} px at the 99.9th "
            f"percentile, on {inside.frames} frames"
        )
    if parity and made.samples:
        click.echo(
            f"against PyTorch on {parity.frames} held-back frames: energy maps within "
            f"{parity.energy_relative_error:.1e} (relative), scores within "
            f"{parity.score_absolute_error:.1e}"
        )
    print_comparisons(made.card.proof)


def _beside(trained: Path, kind: Kind) -> Path:
    """The ONNX file beside a scene, named like it and after its kind."""
    ending = ".onnx" if kind == "fp32" else f".{kind}.onnx"
    if trained.is_file():
        return trained.with_name(trained.stem + ending)
    folder = trained if trained.name not in ("", "..") else trained.resolve()
    return folder.with_name(folder.name + ending)
