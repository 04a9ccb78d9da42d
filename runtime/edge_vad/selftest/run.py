"""The whole of a selftest: a scene, engines, and every backend that works here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from edge_vad.device.fingerprint import read_fingerprint
from edge_vad.doctor.backends import ENGINE_BACKENDS, examine_backends
from edge_vad.errors import Unavailable
from edge_vad.scene_model import SceneModel
from edge_vad.selftest.commands import Command, build_engine, make_scene
from edge_vad.selftest.comparison import REFERENCE, TOLERANCE, compare, street_inputs
from edge_vad.selftest.report import BackendComparison, SelftestReport, Step


def run_selftest(
    scene: Path | None, on_step: Callable[[str], None], command: Command
) -> SelftestReport:
    """Compare all backends that work here on one scene; everything made is thrown away.

    Args:
        scene: A scene model; a small one is made when None. It is copied, and nothing is written
            beside it.
        on_step: Told what is being done.
        command: Runs a subcommand of edge-vad.

    Raises:
        Unavailable: ONNX Runtime, with which all are compared, does not work.
        BadModel: The scene is broken.
        EdgeVadError: No small scene could be made.
    """
    on_step("looking for backends")
    states = examine_backends(read_fingerprint())
    names = [each.name for each in states if each.usable]
    reference = next(each for each in states if each.name == REFERENCE)
    if not reference.usable:
        raise Unavailable(
            f"all are compared with ONNX Runtime on the CPU, and {reference.reason}",
            reference.mend or "run edge-vad doctor",
        )
    with TemporaryDirectory(prefix="edge-vad-selftest-") as name:
        folder = Path(name)
        on_step("making a small scene" if scene is None else f"copying {scene}")
        model, steps = make_scene(folder, command) if scene is None else (_copy(scene, folder), [])
        steps += _build_engines(model, names, on_step, command)
        inputs = street_inputs(model.card)
        results: list[BackendComparison] = []
        on_step(f"running {', '.join(names)}")
        results.extend(compare(model, names, inputs))
    return SelftestReport(
        scene=str(scene) if scene else "a small scene, made for this test",
        steps=tuple(steps),
        frames=len(inputs),
        tolerance=TOLERANCE[model.card.precision],
        comparisons=tuple(results),
        absent=tuple(each for each in states if not each.usable),
        passed=all(each.agrees for each in results)
        and all(step.outcome != "failed" for step in steps),
    )


def _copy(scene: Path, folder: Path) -> SceneModel:
    SceneModel.read(scene)
    return SceneModel.read(Path(shutil.copyfile(scene, folder / "scene.onnx")))


def _build_engines(
    model: SceneModel, names: list[str], on_step: Callable[[str], None], command: Command
) -> Iterator[Step]:
    for name in ENGINE_BACKENDS:
        if name in names:
            on_step(f"building an engine for {name}")
            yield build_engine(model.path, name, command)
