"""Makes the scene of a selftest, and its engines, with the commands that a user has."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
from pathlib import Path

import click

from edge_vad.errors import EdgeVadError
from edge_vad.installed import ENGINE_BUILDERS, is_provided
from edge_vad.scene_model import SceneModel
from edge_vad.selftest.report import Step

Command = Callable[[list[str]], None]
"""Runs a subcommand of edge-vad with its options, as if it had been typed."""

_TO_LEARN = ("torch", "lightning_fabric", "sklearn", "scipy", "safetensors", "onnx", "onnxscript")
_FOOTAGE = "test://street?seed=1&frames=200&size=128x96"
_BRIEF = ("--steps", "20", "--latent", "3", "--components", "3")


def make_scene(folder: Path, command: Command) -> tuple[SceneModel, list[Step]]:
    """Learn a small scene from the simulated street and export it; without PyTorch, make one.

    Args:
        folder: Where to.
        command: Runs a subcommand.

    Raises:
        EdgeVadError: It could be neither learnt nor made.
    """
    path = folder / "scene.onnx"
    missing = [name for name in _TO_LEARN if find_spec(name) is None]
    if missing:
        from edge_vad.selftest.small_scene import write_small_scene

        model = SceneModel.read(write_small_scene(path))
        skipped = f"{missing[0]} is not installed; a small scene with random weights stands in"
        mend = "pip install 'edge-vad[train,export]', where training is wanted"
        return model, [
            Step("train", "skipped", skipped, mend),
            Step("export", "skipped", "nothing was trained", mend),
        ]
    trained = folder / "trained"
    learn = ("train", _FOOTAGE, "--out", trained, *_BRIEF)
    steps = [_run(command, "train", "a small scene, from the simulated street", *learn)]
    if steps[0].outcome == "ok":
        export = ("export", trained, "--out", path)
        steps.append(_run(command, "export", "compared with PyTorch", *export))
    failed = next((step for step in steps if step.outcome == "failed"), None)
    if failed:
        raise EdgeVadError(f"{failed.name} failed: {failed.detail}", failed.mend or "report this")
    return SceneModel.read(path), steps


def build_engine(scene: Path, backend: str, command: Command) -> Step:
    """Build the engine of a scene for a backend that needs one."""
    target = "rtx" if backend == "tensorrt-rtx" else "tensorrt"
    if not is_provided(ENGINE_BUILDERS, target):
        return Step("engine", "skipped", "the export package is absent", "install edge-vad whole")
    build = ("export", scene, "--engine", "--target", target)
    return _run(command, "engine", f"an engine for {backend}", *build)


def _run(command: Command, name: str, detail: str, *words: object) -> Step:
    """Run a subcommand as if it had been typed, and keep what it says to itself."""
    started = time.perf_counter()
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            command([*map(str, words)])
    except EdgeVadError as error:
        return Step(name, "failed", error.what, error.todo)
    except click.ClickException as error:
        return Step(name, "failed", error.message, "update edge-vad, all of it")
    return Step(name, "ok", f"{detail}, in {time.perf_counter() - started:.1f} s")
