"""What edge-vad export --engine does and says."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from edge_vad import engine_file
from edge_vad.device_fingerprint import DeviceFingerprint
from edge_vad.errors import BadInput, Interrupted
from edge_vad_export.engines.making import Made, make_engine
from edge_vad_export.engines.options import EngineChoice
from edge_vad_export.engines.plan import EnginePlan, choose_device, plan_engine
from edge_vad_export.engines.precision import summarise
from edge_vad_export.engines.progress import OnProgress


def export_engine(onnx: Path, choice: EngineChoice, as_json: bool) -> None:
    """Build the engine that was asked for, and say what was built.

    Args:
        onnx: The scene model; in a dry run it need not be there yet.
        choice: What was asked for.
        as_json: Whether to print one JSON object.

    Raises:
        EdgeVadError: It cannot be built; see `making.make_engine`.
    """
    if choice.dry_run:
        _say(_describe_plan(onnx, choice), as_json)
        return
    plan = plan_engine(
        onnx,
        choice.target,
        compute_capability=choice.compute_capability,
        options=choice.options,
    )
    try:
        with _build_bar(plan.path.name) as on_progress:
            made = make_engine(plan, on_progress)
    except KeyboardInterrupt:
        todo = "give the same command again; an earlier engine is untouched"
        raise Interrupted("the build was interrupted, nothing was written", todo) from None
    except OSError as error:
        raise BadInput(
            f"{plan.path} cannot be written ({error.strerror})", "make room, or the folder writable"
        ) from None
    _say(_describe_made(made), as_json)
    if not as_json:
        _say_next(plan)


@contextmanager
def _build_bar(label: str) -> Iterator[OnProgress]:
    """Show a bar on stderr with what the builder is doing and for how long, on a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    phase = TextColumn("{task.fields[phase]}")
    with Progress(
        *columns,
        TimeElapsedColumn(),
        phase,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        task = bar.add_task(label, total=1.0, phase="")
        yield lambda share, doing: bar.update(task, completed=share, phase=doing.lower())


def _describe_plan(onnx: Path, choice: EngineChoice) -> dict[str, Any]:
    if onnx.exists():
        plan = plan_engine(
            onnx,
            choice.target,
            compute_capability=choice.compute_capability,
            options=choice.options,
        )
        device, path, reason = plan.device, plan.path, plan.why_not_cached()
        precision: str | None = plan.scene.card.precision
    else:
        device, _ = choose_device(choice.target, choice.compute_capability)
        path = engine_file.engine_path(onnx, choice.target, device)
        reason, precision = f"{onnx} is to be written first", None
    return {
        "dry_run": True,
        "engine": str(path),
        "scene": str(onnx),
        "precision": precision,
        "builder": engine_file.TARGET_NAMES[choice.target],
        "device": _said(device),
        "batch": str(choice.options.batch),
        "cache": "hit" if reason is None else "miss",
        "reason": reason,
    }


def _describe_made(made: Made) -> dict[str, Any]:
    sidecar = made.sidecar
    return {
        "engine": str(made.plan.path),
        "megabytes": round(sidecar.engine.bytes / 1e6, 1),
        "precision": sidecar.precision,
        "layers": summarise(sidecar.layers),
        "builder": engine_file.TARGET_NAMES[sidecar.target],
        "device": _said(sidecar.device),
        "batch": str(sidecar.options.batch),
        "tf32": sidecar.options.tf32,
        "cache": "hit" if made.missed is None else "miss",
        "reason": made.missed,
        "timings": made.timings,
        "build_s": sidecar.build_s,
    }


def _said(device: DeviceFingerprint) -> dict[str, str]:
    return {name: value for name, value in msgspec.structs.asdict(device).items() if value}


def _say(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(told))
        return
    device = ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in told["device"].items()
    )
    if "dry_run" in told:
        click.echo(f"would build {told['engine']}")
        click.echo(f"from {told['scene']}, with {told['builder']}, batch {told['batch']}")
    else:
        click.echo(
            f"{told['engine']}: {told['megabytes']} MB, {told['precision']}, {told['builder']}, "
            f"batch {told['batch']}, TF32 {'on' if told['tf32'] else 'off'}"
        )
    click.echo(f"for {device}")
    hit = "the same scene model, device, versions and options"
    click.echo(f"cache {told['cache']}: {told['reason'] or hit}")
    if told["cache"] == "miss" and told.get("build_s") is not None:
        timings = f", timing cache {told['timings']}" if told["timings"] else ""
        click.echo(f"built in {told['build_s']:.1f} s{timings}")
    for part, counts in told.get("layers", {}).items():
        kinds = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        click.echo(f"  {part}: {kinds}")


def _say_next(plan: EnginePlan) -> None:
    backend = "tensorrt" if plan.target == "tensorrt" else "tensorrt-rtx"
    scene = shlex.quote(str(plan.scene.path))
    where = "" if plan.is_here else ", on that device with both files and the sidecar"
    click.echo(f"\nnext{where}: edge-vad run {scene} SOURCE --out watched --backend {backend}")
