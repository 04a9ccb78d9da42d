"""What can be known of a scene without labels: how much its training clips differ.

Each of a few parts of the clips is held back in turn, and scored by a training on the others.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from judging.commands import as_options, edge_vad
from judging.places import Scene

PARTS = 4
_KNOWN_FROM = 2
"""A clip's first frames have no motion, and a score of 0."""

Scores = NDArray[np.float64]


def measure_folds(
    scene: Scene, seed: int, settings: dict[str, str], work: Path, report: Callable[[str], None]
) -> dict[str, float]:
    """Train once for each part; {} where there are no two clips.

    Raises:
        Failed: A command did.
    """
    held_back: dict[int, Scores] = {}
    above, frames = 0.0, 0
    for number, part in enumerate(parts_of(len(scene.clips)), 1):
        report(f"training without part {number} of the clips")
        scores = _scored(scene, part, seed, settings, work / str(number))
        others = np.concatenate([each for clip, each in scores.items() if clip not in part])
        own = np.concatenate([scores[clip] for clip in part])
        above += float((own > np.quantile(others, 0.99)).sum())
        frames += len(own)
        held_back |= {clip: scores[clip] for clip in part}
    if not frames:
        return {}
    spread = spread_of([held_back[clip] for clip in sorted(held_back)])
    return {"spread": round(spread, 4), "above": round(above / frames, 5)}


def parts_of(clips: int, parts: int = PARTS) -> list[list[int]]:
    """Every clip in one part; neighbours in different ones, for they look alike.

    Example:
        >>> parts_of(6), parts_of(1)
        ([[0, 4], [1, 5], [2], [3]], [])
    """
    count = min(parts, clips)
    return [list(range(part, clips, count)) for part in range(count)] if clips > 1 else []


def spread_of(clips: Sequence[Scores]) -> float:
    """Spread of the clips' levels over the spread within a clip.

    The level is the median, its spread the standard deviation over clips; the spread within is half
    of the way from the 16th to the 84th percentile, on the mean over clips.

    Example:
        >>> alike = np.linspace(0.0, 1.0, 101)
        >>> round(spread_of([alike, alike]), 3), round(spread_of([alike, alike + 0.68]), 3)
        (0.0, 1.0)
    """
    levels = [float(np.median(each)) for each in clips]
    within = [float(np.subtract(*np.quantile(each, (0.84, 0.16)))) / 2 for each in clips]
    return float(np.std(levels) / np.mean(within)) if np.mean(within) > 0 else float("inf")


def _scored(
    scene: Scene, part: list[int], seed: int, settings: dict[str, str], work: Path
) -> dict[int, Scores]:
    """Scores of every clip by a training on those that are not in this part."""
    trained, onnx = work / "trained", work / "scene.onnx"
    learnt = [clip for number, clip in enumerate(scene.clips) if number not in part]
    options = ("--seed", str(seed), *as_options(settings))
    edge_vad(work, "train", *learnt, "--format", "video", *options, "--out", trained)
    edge_vad(work, "export", trained, "--out", onnx)
    shutil.rmtree(trained)
    said = edge_vad(work, "score", onnx, *scene.clips, "--out", work / "scores", "--json")
    files = [Path(each["scores"]) for each in json.loads(said.out)["sources"]]
    scores = {number: _read(file) for number, file in enumerate(files)}
    shutil.rmtree(work)
    return scores


def _read(file: Path) -> Scores:
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    known = [line["score"] for line in lines if line["score"] is not None]
    return np.array(known[_KNOWN_FROM:], np.float64)
