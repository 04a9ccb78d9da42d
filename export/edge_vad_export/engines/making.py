"""Makes engines and keeps them beside their scene models."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from edge_vad import engine_file
from edge_vad.backends.tensorrt_library import load_library
from edge_vad.engine_file import EngineOptions, FileIdentity, Sidecar, Target
from edge_vad.errors import BadModel
from edge_vad_export.engines.building import build
from edge_vad_export.engines.plan import EnginePlan, plan_engine
from edge_vad_export.engines.precision import demand_precision
from edge_vad_export.engines.progress import OnProgress


@dataclass(frozen=True)
class Made:
    """An engine beside its scene model.

    Attributes:
        plan: What was to be built.
        sidecar: What lies beside the engine.
        missed: Why it had to be built; None when it was there already.
        timings: Whether there were timings of earlier builds; None where nothing was timed.
    """

    plan: EnginePlan
    sidecar: Sidecar
    missed: str | None
    timings: str | None = None


def make_engine(plan: EnginePlan, on_progress: OnProgress = lambda _share, _phase: None) -> Made:
    """Build an engine, unless it is there already.

    Args:
        plan: What to build.
        on_progress: Told how far the build is.

    Raises:
        Unavailable: What builds it is not on this machine.
        BadModel: The scene model is refused; names the node.
        CheckFailed: The engine does not compute in what the scene model says.
        KeyboardInterrupt: Ctrl-C was pressed; nothing was written.
    """
    missed = plan.why_not_cached()
    if missed is None:
        return Made(plan, engine_file.read_sidecar(plan.path), None)
    library = load_library(plan.target)
    started = time.monotonic()
    built = build(library, plan, on_progress)
    took = time.monotonic() - started
    precision = plan.scene.card.precision
    demand_precision(precision, built.network, built.layers)
    if engine_file.identify(plan.scene.path) != plan.onnx:
        raise BadModel(f"{plan.scene.path} changed during the build", "give the command again")
    sidecar = Sidecar(
        schema=engine_file.SCHEMA,
        target=plan.target,
        device=plan.device,
        onnx=plan.onnx,
        options=plan.options,
        engine=_identity(plan.path, built.content),
        precision=precision,
        layers=tuple(built.layers),
        built=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        build_s=round(took, 3),
        edge_vad=version("edge-vad"),
    )
    engine_file.write_engine(plan.path, built.content, sidecar)
    return Made(plan, sidecar, missed, built.timings)


def rebuild(onnx: Path, target: Target, engine: Path | None = None) -> Made:
    """Build an engine for this device where it is missing or does not belong here.

    Args:
        onnx: The scene model.
        target: What runs the engine.
        engine: The engine; the one beside the scene model for this device when None.
    """
    plan = plan_engine(onnx, target, path=engine)
    options = _earlier_options(plan.path)
    return make_engine(plan_engine(onnx, target, options=options, path=plan.path))


def _earlier_options(engine: Path) -> EngineOptions | None:
    try:
        return engine_file.read_sidecar(engine).options
    except BadModel:
        return None


def _identity(path: Path, content: bytes) -> FileIdentity:
    return FileIdentity(path.name, len(content), hashlib.sha256(content).hexdigest())
