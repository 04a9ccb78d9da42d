"""Makes engines and keeps them beside their scene models."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from edge_vad import engine_file
from edge_vad.backends.tensorrt_library import load_library
from edge_vad.device.tensorrt import Target
from edge_vad.engine_file import FileIdentity, Sidecar
from edge_vad.errors import BadModel, CheckFailed
from edge_vad.files.atomic import demand_writable, write_whole
from edge_vad.scene_model import Comparison
from edge_vad_export.engines.building import build
from edge_vad_export.engines.plan import EnginePlan, plan_engine
from edge_vad_export.engines.precision import demand_engine_precision
from edge_vad_export.engines.progress import OnProgress

Verify = Callable[[Path], tuple[Comparison, ...]]
"""Runs an engine on real frames; raises `CheckFailed` where it is too far from single precision."""


@dataclass(frozen=True)
class BuiltEngine:
    """An engine beside its scene model.

    Attributes:
        plan: What was to be built.
        sidecar: What lies beside the engine.
        missed: Why it had to be built; None when it was there already.
        timings: Whether there were timings of earlier builds; None where nothing was timed.
        proof: Its comparison with single precision, if one was made now.
    """

    plan: EnginePlan
    sidecar: Sidecar
    missed: str | None
    timings: str | None = None
    proof: tuple[Comparison, ...] = ()


def make_engine(
    plan: EnginePlan,
    on_progress: OnProgress = lambda _share, _phase: None,
    verify: Verify | None = None,
) -> BuiltEngine:
    """Build an engine, unless it is there already.

    Args:
        plan: What to build.
        on_progress: Told how far the build is.
        verify: Compares what was built with single precision before it is kept.

    Raises:
        Unavailable: What builds it is not on this machine.
        BadModel: The scene model is refused; names the node.
        CheckFailed: The engine does not compute in what the scene model says, or `verify` refuses
            it; in the second case it is kept under another name.
        OSError: The folder cannot be written, told before the build; or there is no room.
        KeyboardInterrupt: Ctrl-C was pressed; nothing was written.
    """
    missed = plan.why_not_cached()
    if missed is None:
        return BuiltEngine(plan, engine_file.read_sidecar(plan.path), None)
    library = load_library(plan.target)
    demand_writable(plan.path.parent)
    started = time.monotonic()
    built = build(library, plan, on_progress)
    took = time.monotonic() - started
    content, precision = built.content, plan.scene.card.precision
    demand_engine_precision(precision, built.network, built.layers)
    if engine_file.identify(plan.scene.path) != plan.onnx:
        raise BadModel(f"{plan.scene.path} changed during the build", "give the command again")
    sidecar = Sidecar(
        schema=engine_file.SCHEMA,
        target=plan.target,
        device=plan.device,
        onnx=plan.onnx,
        options=plan.options,
        engine=FileIdentity(plan.path.name, len(content), hashlib.sha256(content).hexdigest()),
        precision=precision,
        layers=tuple(built.layers),
        built=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        build_s=round(took, 3),
        edge_vad=version("edge-vad"),
    )
    proof = _verify(plan, content, sidecar, verify) if verify else ()
    sidecar = msgspec.structs.replace(sidecar, proof=msgspec.to_builtins(proof))
    engine_file.write_engine(plan.path, content, sidecar)
    return BuiltEngine(plan, sidecar, missed, built.timings, proof)


def _verify(
    plan: EnginePlan, content: bytes, sidecar: Sidecar, verify: Verify
) -> tuple[Comparison, ...]:
    """Compare an engine in a folder for what passes; one that fails is kept as `.rejected`."""
    with TemporaryDirectory() as folder:
        staged = Path(folder) / plan.path.name
        engine_file.write_engine(staged, content, sidecar)
        try:
            return verify(staged)
        except CheckFailed as error:
            rejected = plan.path.with_name(f"{plan.path.name}.rejected")
            write_whole(rejected, content)
            raise CheckFailed(error.what, f"{error.todo}; it is kept as {rejected}") from None


def rebuild(onnx: Path, target: Target, engine: Path | None = None) -> BuiltEngine:
    """Build an engine for this device where it is missing or does not belong here.

    Args:
        onnx: The scene model.
        target: What runs the engine.
        engine: The engine; the one beside the scene model for this device when None.
    """
    plan = plan_engine(onnx, target, path=engine)
    with suppress(BadModel):  # there is none, or it does not say with what it was built
        plan = replace(plan, options=engine_file.read_sidecar(plan.path).options)
    return make_engine(plan)
