"""What edge-vad export --engine does and prints."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from edge_vad import engine_file
from edge_vad.cli.streams import print_next, run_command
from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.device.tensorrt import TARGET_NAMES
from edge_vad.errors import BadInput, Interrupted
from edge_vad.scene_model import Comparison
from edge_vad_export.engines.cache import BuiltEngine, Verify, make_engine
from edge_vad_export.engines.layer_report import summarise
from edge_vad_export.engines.options import EngineChoice
from edge_vad_export.engines.plan import EnginePlan, choose_device, plan_engine
from edge_vad_export.engines.progress import OnProgress
from edge_vad_export.verification.table import print_comparisons
from edge_vad_export.verification.verification import Verification


def build_engine(
    onnx: Path, choice: EngineChoice, verification: Verification | None = None
) -> BuiltEngine:
    """Build the engine that was asked for, with a bar on a terminal.

    Args:
        onnx: The scene model.
        choice: What was asked for.
        verification: What the engine is held to before it is kept, where it is for this device.

    Raises:
        EdgeVadError: It cannot be built; see `cache.make_engine`.
    """
    plan = _plan(onnx, choice)
    try:
        with _build_bar(plan.path.name) as (on_progress, stop):
            return make_engine(plan, on_progress, _verifier(verification, plan, stop))
    except KeyboardInterrupt:
        todo = "give the same command again; an earlier engine is untouched"
        raise Interrupted("the build was interrupted, nothing was written", todo) from None
    except OSError as error:
        raise BadInput(
            f"{plan.path} cannot be written ({error.strerror})", "make room, or the folder writable"
        ) from None


def describe_engine(made: BuiltEngine) -> dict[str, Any]:
    """What was built, for programs."""
    sidecar = made.sidecar
    return {
        "engine": str(made.plan.path),
        "megabytes": round(sidecar.engine.bytes / 1e6, 1),
        "precision": sidecar.precision,
        "layers": summarise(sidecar.layers),
        "builder": TARGET_NAMES[sidecar.target],
        "device": _known_fields(sidecar.device),
        "batch": str(sidecar.options.batch),
        "tf32": sidecar.options.tf32,
        "cache": "hit" if made.missed is None else "miss",
        "reason": made.missed,
        "timings": made.timings,
        "build_s": sidecar.build_s,
        "engine_proof": sidecar.proof,
    }


def print_engine(made: BuiltEngine) -> None:
    """Print what was built, and the next command."""
    described = describe_engine(made)
    click.echo(
        f"{described['engine']}: {described['megabytes']} MB, {described['precision']}, "
        f"{described['builder']}, batch {described['batch']}, "
        f"TF32 {'on' if described['tf32'] else 'off'}"
    )
    _print_device_and_cache(described)
    if described["cache"] == "miss":
        timings = f", timing cache {described['timings']}" if described["timings"] else ""
        click.echo(f"built in {described['build_s']:.1f} s{timings}")
    for part, counts in described["layers"].items():
        kinds = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        click.echo(f"  {part}: {kinds}")
    if made.proof:
        print_comparisons(made.proof)
    _print_next_command(made)


def print_dry_run(onnx: Path, choice: EngineChoice, as_json: bool, *, is_there: bool) -> None:
    """Say what engine would be built of a scene model.

    Args:
        onnx: The scene model.
        choice: What was asked for.
        as_json: Whether to print one JSON object.
        is_there: Whether the scene model is there; else it would be written before.

    Raises:
        Unavailable: There is no device, and none was named.
        WrongUse: The target does not build for such a device.
    """
    if is_there:
        plan = _plan(onnx, choice)
        engine, device, missed = plan.path, plan.device, plan.why_not_cached()
    else:
        device, _ = choose_device(choice.target, choice.compute_capability)
        engine = engine_file.engine_path(onnx, choice.target, device)
        missed = f"{onnx} is to be written first"
    described = {
        "dry_run": True,
        "engine": str(engine),
        "scene": str(onnx),
        "builder": TARGET_NAMES[choice.target],
        "device": _known_fields(device),
        "batch": str(choice.options.batch),
        "cache": "miss" if missed else "hit",
        "reason": missed,
    }
    if as_json:
        click.echo(msgspec.json.encode(described))
        return
    click.echo(f"would build {engine}" if missed else f"would build nothing: {engine} is there")
    click.echo(f"from {onnx}, with {described['builder']}, batch {described['batch']}")
    _print_device_and_cache(described)


def _verifier(
    verification: Verification | None, plan: EnginePlan, before: Callable[[], None]
) -> Verify | None:
    """What compares the engine: None for a device elsewhere, or where it takes no single frames."""
    if verification is None or not plan.is_here or plan.options.batch.smallest > 1:
        return None

    def verify(engine: Path) -> tuple[Comparison, ...]:
        before()
        return verification.verify_engine(plan.scene, engine)

    return verify


@contextmanager
def _build_bar(label: str) -> Iterator[tuple[OnProgress, Callable[[], None]]]:
    """Show a bar on stderr with what the builder is doing and for how long, on a terminal.

    Yields:
        What is told of the build's progress, and what ends the bar before another is shown.
    """
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    times = TimeElapsedColumn(), TextColumn("{task.fields[phase]}")
    console, quiet = Console(stderr=True), not sys.stderr.isatty()
    with Progress(*columns, *times, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task(label, total=1.0, phase="")
        yield lambda share, doing: bar.update(task, completed=share, phase=doing.lower()), bar.stop


def _plan(onnx: Path, choice: EngineChoice) -> EnginePlan:
    capability, options = choice.compute_capability, choice.options
    return plan_engine(onnx, choice.target, compute_capability=capability, options=options)


def _known_fields(device: DeviceFingerprint) -> dict[str, str]:
    return {name: value for name, value in msgspec.structs.asdict(device).items() if value}


def _print_device_and_cache(described: dict[str, Any]) -> None:
    """For which device it is, and whether it was there."""
    device = (f"{name.replace('_', ' ')} {value}" for name, value in described["device"].items())
    click.echo(f"for {', '.join(device)}")
    hit = "the same scene model, device, versions and options"
    click.echo(f"cache {described['cache']}: {described['reason'] or hit}")


def _print_next_command(made: BuiltEngine) -> None:
    plan = made.plan
    backend = "tensorrt" if plan.target == "tensorrt" else "tensorrt-rtx"
    scene, engine = (shlex.quote(str(each)) for each in (plan.scene.path, plan.path))
    if not made.sidecar.proof:
        place = "" if plan.is_here else " on its device"
        other = "" if made.sidecar.precision == "fp32" else " --reference SINGLE.onnx"
        click.echo(
            f"not compared with single precision yet: edge-vad verify {scene} --engine {engine}"
            f"{other} --frames SOURCE does so{place}"
        )
    where = "" if plan.is_here else ", on that device with both files and the sidecar"
    print_next(run_command(plan.scene.path, "SOURCE", "--backend", backend), where=where)
