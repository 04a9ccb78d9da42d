"""Trains a scene and measures it."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from edge_vad import scene_file
from edge_vad.false_alarms import parse_rate, poisson_interval
from edge_vad.scene_model import METADATA_KEY
from judging.commands import as_options, edge_vad
from judging.places import NUISANCE_RATE, RATE, Scene

Figures = dict[str, Any]
Report = Callable[[str], None]
_LEVELS = {
    "micro": "micro_auc",
    "macro": "macro_auc",
    "eer": "eer",
    "pixel": "pixel_auc",
    "precision": "marked_precision",
}
_NAMED = ("start_s", "end_s", "peak_score", "box", "rarity")


def measure(
    scene: Scene, seed: int, settings: dict[str, str], work: Path, report: Report
) -> Figures:
    """Train, export and measure.

    Args:
        scene: The scene.
        seed: Seed of the training.
        settings: Options of `edge-vad train`.
        work: Folder to work in; emptied first.
        report: Called with what is being done.

    Returns:
        `scores` by name (shares), `alarms` by group, `moments`, `weights`, `train_s`, `train_mb`,
        and what else there is of: `normal_hours`, `versions`, `footing`.

    Raises:
        Failed: A command did.
    """
    trained, onnx = work / "trained", model_of(scene, work)
    words = (*scene.train, "--format", scene.form, "--seed", str(seed), *as_options(settings))
    report("training")
    shutil.rmtree(work, ignore_errors=True)  # one that goes on would not tell how long it takes
    done = edge_vad(work, "train", *words, "--out", trained)
    figures: Figures = {"train_s": round(done.seconds, 1), "train_mb": round(done.megabytes)}
    report("export")
    edge_vad(work, "export", trained, "--out", onnx)
    shutil.rmtree(trained)
    metadata = scene_file.metadata(scene_file.read(onnx), onnx)
    figures |= read_card(json.loads(metadata[METADATA_KEY]))
    report("measuring")
    return figures | _measured(scene, onnx, work)


def model_of(scene: Scene, work: Path) -> Path:
    """Where the scene model lies that `measure` leaves."""
    return work / f"{scene.name}.onnx"


def _measured(scene: Scene, onnx: Path, work: Path) -> Figures:
    figures: Figures = {"scores": {}, "alarms": {}}
    if scene.labelled:
        pixel = ("--pixel",) if scene.is_pixel else ()
        truth = (scene.labelled, "--format", scene.labelled_form)
        words = (onnx, *truth, "--json", "--out", work / "eval", *pixel)
        figures["scores"] = read_scores(json.loads(edge_vad(work, "eval", *words).out))
    counted = [_false_alarms(onnx, each, work, "--normal", RATE) for each in scene.normal]
    if scene.nuisances:
        counted += [_false_alarms(onnx, scene.nuisances, work, "--nuisances", NUISANCE_RATE)]
    figures["alarms"] = read_alarms(counted)
    if scene.shown:
        words = (onnx, scene.shown, "--out", work / "run", "--no-video", "--json")
        ran = json.loads(edge_vad(work, "run", *words, "--false-alarms", RATE).out)
        figures |= read_run(ran)
    return figures


def _false_alarms(onnx: Path, footage: str, work: Path, how: str, rate: str) -> Figures:
    words = (onnx, footage, how, "--false-alarms", rate, "--json", "--out", work / "normal")
    measured: Figures = json.loads(edge_vad(work, "eval", *words).out)
    return measured


def read_card(card: Figures) -> Figures:
    """What a scene says of itself: how much its energies count, and the footage it rests on."""
    energies = card.get("energies", {})
    weights = {
        name: each["weight"]
        for name, each in energies.items()
        if isinstance(each, dict) and "weight" in each
    }
    return {
        "weights": weights,
        "normal_hours": round(card["normal"]["hours"], 4),
        "versions": card["training"]["versions"],
    }


def read_scores(evaluation: Figures) -> Figures:
    """The rows of an evaluation by name: the fused score comes first, whatever its file's name."""
    scores = {}
    for place, row in enumerate(evaluation["rows"]):
        name = row["name"].removesuffix(", nothing learned").removesuffix(" alone")
        figures = {
            level: round(row[field]["mean"], 5) for level, field in _LEVELS.items() if row[field]
        }
        if row.get("kinds"):
            figures["kinds"] = {kind: round(each["mean"], 5) for kind, each in row["kinds"].items()}
        if row.get("gmac") is not None:
            figures["gmac"] = round(row["gmac"], 4)
        scores[name if place else "fused"] = figures
    return scores


def read_alarms(measured: Iterable[Figures]) -> Figures:
    """Alarms on footage where nothing happens, all of it, and by nuisance or light if that is told.

    A clip may tell of several kinds of light as `lights`, each with its own hours and alarms.
    """
    groups: dict[str, list[tuple[float, int, float]]] = defaultdict(list)
    for each in measured:
        promised = each["promised_per_hour"]
        for clip in each["clips"]:
            counted = (clip["hours"], _count(clip["alarms"]), promised)
            nuisance = clip.get("nuisance")
            groups[nuisance or "all"].append(counted)
            for light in clip.get("lights") or ():
                part = (light["hours"], _count(light["alarms"]), promised)
                groups[light.get("light") or light["name"]].append(part)
    return {name: _summed(parts) for name, parts in groups.items()}


def _count(alarms: list[Any] | int) -> int:
    return alarms if isinstance(alarms, int) else len(alarms)


def _summed(parts: list[tuple[float, int, float]]) -> Figures:
    hours, count = sum(part[0] for part in parts), sum(part[1] for part in parts)
    low, high = poisson_interval(count, hours)
    return {
        "hours": round(hours, 4),
        "count": count,
        "promised": parts[0][2],
        "per_hour": round(count / hours, 3),
        "low": round(low, 3),
        "high": round(high, 3),
    }


def read_run(summary: Figures) -> Figures:
    """What a run showed: its alarms by name, its strangest moments, and what it can promise."""
    hours = summary["footage_s"] / 3600
    counted = _summed([(hours, len(summary["alarms"]), parse_rate(RATE))])
    counted["named"] = [{name: each[name] for name in _NAMED} for each in summary["alarms"]]
    return {
        "alarms": {"all": counted},
        "moments": summary["moments"],
        "footing": summary["footing"],
    }
