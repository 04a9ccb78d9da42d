"""Check that edge-vad compare passes two runs of the same, and catches one that is 10% slower.

    python tools/check_compare.py street.onnx --source street.mp4 --pairs 10

Every pair is three real benchmarks on this machine, one after the other: before, again, and again
with every query slowed down by a tenth. Prints one JSON object. Exit code 1 when fewer than nine in
ten come out right of either kind.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NEEDED = 0.9


def edge_vad(*words: str | Path, codes: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    command = [sys.executable, "-m", "edge_vad", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done


def measure(arguments: argparse.Namespace, out: Path, *more: str) -> float:
    """Benchmark into a folder; returns how long it took, s."""
    began = time.monotonic()
    scenarios = [word for name in arguments.scenario for word in ("--scenario", name)]
    fixed = ("--source", arguments.source, "--out", out, "--only", "scenarios", "--fresh")
    fixed += ("--threads", "1")
    edge_vad("bench", arguments.scene, *fixed, *scenarios, *more)
    return time.monotonic() - began


def compare(before: Path, after: Path) -> dict[str, Any]:
    """What comes of a comparison: whether it fails, and the ratios it judged."""
    done = edge_vad("compare", before, after, "--json", codes=(0, 1))
    result = json.loads(done.stdout)
    return {
        "regressed": done.returncode == 1,
        "ratios": {
            f"{each['row']} {each['part']}": [each["ratio"], each["low"], each["high"]]
            for each in result["ratios"]
            if each["judged"]
        },
        "remarks": result["remarks"],
    }


def main() -> None:
    """Measure the pairs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", type=Path)
    parser.add_argument("--source", required=True)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument(
        "--scenario", action="append", default=[], help="SingleStream if not given."
    )
    arguments = parser.parse_args()
    arguments.scenario = arguments.scenario or ["SingleStream"]
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        before, again, slowed = (Path(folder, name) for name in ("before", "again", "slowed"))
        for number in range(arguments.pairs):
            seconds = [
                measure(arguments, before),
                measure(arguments, again),
                measure(arguments, slowed, "--handicap", "0.1"),
            ]
            same, slower = compare(before, again), compare(before, slowed)
            load = os.getloadavg()[0]
            pairs.append({"same": same, "slower": slower, "load": load, "seconds": seconds})
            print(f"pair {number + 1}: {pairs[-1]}", file=sys.stderr, flush=True)
    passed = sum(not pair["same"]["regressed"] for pair in pairs)
    caught = sum(pair["slower"]["regressed"] for pair in pairs)
    told = {"pairs": len(pairs), "passed": passed, "caught": caught, "cores": os.cpu_count()}
    print(json.dumps(told | {"each": pairs}, indent=1))
    sys.exit(min(passed, caught) < NEEDED * len(pairs))


if __name__ == "__main__":
    main()
