"""What a scene loses in half precision and in whole numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from judging.commands import edge_vad
from judging.places import Scene

_REDUCED = ("fp16", "int8")
_CALIBRATION_CLIPS = 8


def measure_precisions(
    scene: Scene, onnx: Path, work: Path, report: Callable[[str], None]
) -> dict[str, float]:
    """Micro AUC of a scene in every precision, measured side by side; {} where nothing is labelled.

    Args:
        scene: The scene.
        onnx: Its scene model in single precision.
        work: Folder to work in.
        report: Called with what is being done.

    Raises:
        Failed: A command did; so does an export that its own proof refuses.
    """
    found: dict[str, float] = {}
    for precision in _REDUCED if scene.labelled else ():
        report(f"export in {precision}")
        words = (f"--{precision}", *_calibration(scene, precision))
        truth = ("--labels", scene.labelled, "--format", scene.labelled_form)
        reduced = work / f"{scene.name}.{precision}.onnx"
        said = edge_vad(work, "export", onnx, *words, *truth, "--out", reduced, "--json")
        reduced.unlink()
        for each in json.loads(said.out)["proof"]:
            found[each["precision"]] = round(each["auc"], 5)
    return found


def _calibration(scene: Scene, precision: str) -> list[str]:
    """The options that name ordinary footage; clips from all over the training's."""
    if precision != "int8":
        return []
    sources = scene.clips or scene.train
    every = max(1, len(sources) // _CALIBRATION_CLIPS)
    return [word for source in sources[::every] for word in ("--calibration", str(source))]
