"""Hold a scene with motion inside its graph to the same scene without, on all of some footage.

    python tools/motion_parity.py street.motion.onnx street.onnx --footage UCSDped2 --format ucsd
    python tools/motion_parity.py --trained runs/street --window 8 --footage street.mp4

Every clip is shown three times: as it is, from a cold start; with resets, gaps and repeated
pictures, two cameras in one batch that change places at every frame; and, of a graph with long
steps, every second frame alone. Exit code 1 where flow, scores, decisions or AUC are beyond the
gates of edge-vad export. --trained builds both scenes, with the window that is said.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from judging.motion_parity import STORIES, Clip, Parity, TwoScenes
from numpy.typing import NDArray

from edge_vad.false_alarms import parse_rate
from edge_vad.motion.pace import at_pace
from edge_vad.motion.state import MotionInside
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.metrics import roc_area
from edge_vad_export.verification.comparison import MAX_SCORE_SHIFT
from edge_vad_export.verification.flow_parity import MOST_HIGH_PX, MOST_MEAN_PX
from edge_vad_export.verification.verification import MAX_MOTION_AUC_DROP
from edge_vad_train.datasets import open_dataset

_COLUMNS = {
    "footage": "footage",
    "frames": "frames",
    "flow_mean_px": "flow, mean px",
    "flow_high_px": "99.9%",
    "flow_most_px": "most",
    "score_shift": "score shift",
    "anomalous": "anomalous",
    "decided_otherwise": "decided otherwise",
    "disagreed": "known to one alone",
}


class Shown(NamedTuple):
    """A clip, and which of its frames are anomalous where that is known."""

    name: str
    clip: Any
    labels: NDArray[np.bool_] | None

    def frames(self, fps: float, opened: ExitStack) -> Clip:
        """Its frames at a scene's pace."""
        return at_pace(opened.enter_context(self.clip.open()), fps)


def main() -> int:
    """Compare, print a table, and say whether all is within the gates."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        inside, outside = _built(asked, Path(folder)) if asked.trained else _read(asked.scenes)
        found = [*_measure(asked, inside, outside)]
    refused = [f"{row['footage']}: {why}" for row in found for why in _refusals(row)]
    if asked.json:
        print(json.dumps({"rows": found, "refused": refused}))
    else:
        print(_table(found))
    for why in refused:
        print(f"beyond the gates: {why}", file=sys.stderr)
    return 1 if refused else 0


def _measure(
    asked: argparse.Namespace, inside: SceneModel, outside: SceneModel
) -> Iterator[dict[str, Any]]:
    scenes, threshold = TwoScenes(inside, outside), outside.card.normal.threshold(asked.rate)
    shown = [*_chosen(asked)][: asked.most]
    how = inside.card.motion_inside
    stories = [each for each in STORIES if each != "slow" or (how and how.long_steps)]
    for story in asked.story or stories:
        parities: list[Parity] = []
        for clips in _batches(shown, 1 if story == "as it is" else 2):
            new = [Parity(f"{each.name}, {story}") for each in clips]
            with ExitStack() as opened:
                frames = [STORIES[story](each.frames(inside.card.fps, opened)) for each in clips]
                scenes.compare(new, frames)
            for each in new:
                row = each.figures(threshold, MAX_SCORE_SHIFT)
                each.flow_errors.clear()
                print(_line(row), file=sys.stderr, flush=True)
                yield row
            parities += new
        if story == "as it is":
            yield from _detection(shown, parities)


def _detection(shown: list[Shown], parities: list[Parity]) -> Iterator[dict[str, Any]]:
    """AUC of all labelled clips together; a clip at another rate than the scene's has none."""
    pairs = [
        (each.labels, parity)
        for each, parity in zip(shown, parities, strict=True)
        if each.labels is not None and len(each.labels) == len(parity.given)
    ]
    if pairs:
        labels = np.concatenate([labels for labels, _ in pairs])
        given, expected = (
            roc_area(labels, np.concatenate([getattr(parity, which) for _, parity in pairs]))
            for which in ("given", "expected")
        )
        yield {"footage": "AUC", "auc": given, "auc_without": expected}


def _refusals(row: dict[str, Any]) -> Iterator[str]:
    """What of a row is beyond the gates."""
    if "auc" in row:
        if abs(row["auc_without"] - row["auc"]) > MAX_MOTION_AUC_DROP:
            yield f"AUC {row['auc']:.4f}, without {row['auc_without']:.4f}"
        return
    limits = {
        "flow_mean_px": MOST_MEAN_PX,
        "flow_high_px": MOST_HIGH_PX,
        "score_shift": MAX_SCORE_SHIFT,
        "decided_otherwise_far": 0,
        "disagreed": 0,
    }
    for name, most in limits.items():
        if not row[name] <= most:
            yield f"{name} {row[name]:.3g}, and {most:g} may be"


def _batches(shown: list[Shown], size: int) -> Iterator[list[Shown]]:
    for first in range(0, len(shown), size):
        yield shown[first : first + size]


def _chosen(asked: argparse.Namespace) -> Iterator[Shown]:
    dataset = open_dataset(asked.footage, asked.format)
    for clip in dataset.test if asked.clips != "train" else ():
        yield Shown(f"test {clip.name}", clip, clip.frame_labels())
    for clip in dataset.train if asked.clips != "test" else ():
        yield Shown(f"train {clip.name}", clip, None)


def _read(paths: list[Path]) -> tuple[SceneModel, SceneModel]:
    if len(paths) != 2:
        sys.exit("give two scene models, the one with motion inside first; or --trained")
    inside, outside = map(SceneModel.read, paths)
    if not inside.card.motion_inside or outside.card.motion_inside:
        sys.exit(f"{paths[0]} is to have motion inside, and {paths[1]} not")
    return inside, outside


def _built(asked: argparse.Namespace, folder: Path) -> tuple[SceneModel, SceneModel]:
    """Both scenes of a training, with another window where that is said."""
    from edge_vad_export.conversion import ConvertedScene, stage
    from edge_vad_export.graph import build_graph, build_motion_graph
    from edge_vad_train.checkpoint import load_trained

    scene = load_trained(asked.trained)
    motion = msgspec.structs.replace(
        scene.card.motion, window=asked.window or scene.card.motion.window
    )
    scene = replace(scene, card=msgspec.structs.replace(scene.card, motion=motion))
    inside = MotionInside(asked.long_steps)
    card = msgspec.structs.replace(scene.card, motion_inside=inside)
    graph = build_motion_graph(scene, inside)
    return (
        stage(ConvertedScene(graph, card), folder),
        stage(ConvertedScene(build_graph(scene), scene.card), folder),
    )


def _table(rows: list[dict[str, Any]]) -> str:
    lines = ["| " + " | ".join(_COLUMNS.values()) + " |", "| --- " * len(_COLUMNS) + "|"]
    return "\n".join([*lines, *map(_line, rows)])


def _line(row: dict[str, Any]) -> str:
    if "auc" in row:
        return f"AUC {100 * row['auc']:.2f}, without {100 * row['auc_without']:.2f}"
    cells = (row[name] for name in _COLUMNS)
    shown = (f"{cell:.2g}" if isinstance(cell, float) else str(cell) for cell in cells)
    return f"| {' | '.join(shown)} |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("scenes", nargs="*", type=Path, metavar="SCENE", help="with motion inside, and without")
    add("--trained", type=Path, help="a training; both scenes are built of it")
    add("--window", type=int, help="with --trained: flow fields that are pooled")
    add("--long-steps", action="store_true", help="with --trained: as edge-vad export has it")
    add("--footage", action="append", required=True, help="a data set, or sources of frames")
    add("--format", default="auto", help="of the data set")
    add("--clips", choices=("all", "test", "train"), default="all")
    add("--story", action="append", choices=STORIES, help="this alone; may be given several times")
    add("--most", type=int, help="clips that are shown, at most")
    add("--rate", type=parse_rate, default="1/hour", help="of false alarms, for decisions")
    add("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
