"""Measure what every choice of the method is worth: one is changed at a time, trained, and tested.

    python tools/ablations.py UCSDped2 --format ucsd --out ablations
    python tools/ablations.py 'test://street?seed=1' --format synthetic --out ablations \
        --footage 'test://street?seed=100&frames=6000' 'test://street?seed=200&frames=6000'

Some minutes a row. An interrupted run goes on where it was. Writes ablations.json and ablations.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

VARIANTS: dict[str, tuple[str, ...]] = {
    "as shipped": (),
    "DIS preset medium": ("--flow", "medium"),
    "T = 1": ("--window", "1"),
    "T = 5": ("--window", "5"),
    "T = 10": ("--window", "10"),
    "rank pooling, too, T = 5": ("--window", "5", "--pooling", "mean+rank"),
    "K = 8": ("--components", "8"),
    "K = 48": ("--components", "48"),
    "D = 4": ("--latent", "4"),
    "D = 16": ("--latent", "16"),
    "motion sigma 1": ("--motion-sigma", "1"),
    "motion sigma 5": ("--motion-sigma", "5"),
    "noise floor 0.001": ("--noise-floor", "0.001"),
    "noise floor 0.01": ("--noise-floor", "0.01"),
    "cells of 4 px": ("--cell", "4"),
    "cells of 16 px": ("--cell", "16"),
}
"""What is changed, and the options of `edge-vad train` that change it."""

STREAMS = ("appearance", "motion", "joint")


def edge_vad(*words: str | Path) -> str:
    """Run the command line; what it prints."""
    command = [sys.executable, "-m", "edge_vad", *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    return done.stdout


def measure(arguments: argparse.Namespace, work: Path, options: tuple[str, ...]) -> dict[str, Any]:
    """Train, export and test one variant; the rows of its table by name."""
    trained, scene = work / "trained", work / "scene.onnx"
    footage = arguments.footage or [arguments.root]
    form = () if arguments.footage else ("--format", arguments.format)
    seed = ("--seed", str(arguments.seed))
    if not scene.exists():
        edge_vad("train", *footage, *form, *seed, *options, "--out", trained, "--overwrite")
        edge_vad("export", trained, "--out", scene)
    words = ("eval", scene, arguments.root, "--format", arguments.format, "--out", work / "eval")
    told = json.loads(edge_vad(*words, "--json", *(("--pixel",) if arguments.pixel else ())))
    fused, *streams = told["rows"][: 1 + len(STREAMS)]
    return {"fused": fused} | dict(zip(STREAMS, streams, strict=True))


def refuse_others(arguments: argparse.Namespace) -> None:
    """Rows of other footage or another seed are no rows of one table."""
    same = {name: value for name, value in vars(arguments).items() if name not in ("out", "only")}
    plan = arguments.out / "plan.json"
    if plan.exists() and json.loads(plan.read_text()) != same:
        sys.exit(f"{arguments.out} holds rows of other footage or options: give another --out")
    arguments.out.mkdir(parents=True, exist_ok=True)
    plan.write_text(json.dumps(same))


def percent(figure: dict[str, Any] | None) -> str:
    """A figure as the table shows it."""
    return "" if figure is None else f"{100 * figure['mean']:.1f}"


def as_table(results: dict[str, dict[str, Any]]) -> str:
    """The rows as Markdown."""
    pixel = any(rows["fused"]["pixel_auc"] for rows in results.values())
    kinds = any(rows["fused"]["kinds"] for rows in results.values())
    heads = ["", "micro AUC", *(["mean over kinds"] if kinds else [])]
    heads += ["pixel level", "precision"] if pixel else []
    heads += [f"{name} alone" for name in STREAMS] + ["GMAC"]
    lines = [heads, ["---"] * len(heads)]
    for name, rows in results.items():
        fused = rows["fused"]
        cells = [name, percent(fused["micro_auc"])]
        if kinds:
            means = [each["mean"] for each in fused["kinds"].values()]
            cells.append(f"{100 * sum(means) / len(means):.1f}")
        if pixel:
            cells += [percent(fused["pixel_auc"]), percent(fused["marked_precision"])]
        cells += [percent(rows[stream]["micro_auc"]) for stream in STREAMS]
        lines.append([*cells, "" if fused["gmac"] is None else f"{fused['gmac']:.3f}"])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Measure all variants, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("root", help="what edge-vad eval is to test on")
    parser.add_argument("--format", required=True, help="of it, as for edge-vad eval")
    parser.add_argument("--footage", nargs="+", help="to train on, where root is no data set")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), help="these alone")
    parser.add_argument("--seed", type=int, default=0, help="of all trainings")
    parser.add_argument("--pixel", action="store_true", help="measure locations, too")
    arguments = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    refuse_others(arguments)
    for number, name in enumerate(arguments.only or VARIANTS, 1):
        work = arguments.out / name.replace(" ", "-").replace(",", "")
        kept = work / "rows.json"
        if not kept.exists():
            print(f"{number} of {len(arguments.only or VARIANTS)}: {name}", file=sys.stderr)
            rows = measure(arguments, work, VARIANTS[name])
            kept.with_suffix(".part").write_text(json.dumps(rows))
            kept.with_suffix(".part").replace(kept)
            shutil.rmtree(work / "trained", ignore_errors=True)
        results[name] = json.loads(kept.read_text())
        (arguments.out / "ablations.json").write_text(json.dumps(results, indent=1))
        (arguments.out / "ablations.md").write_text(as_table(results))
    print(as_table(results), end="")


if __name__ == "__main__":
    main()
