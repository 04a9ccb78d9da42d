"""Does a budget of false alarms hold? By simulated tails, and by three boxes that watch an hour.

    python tools/check_budget.py tails [--runs 40]
    python tools/check_budget.py boxes [--minutes 60] [--false-alarms 24/hour] [--out FOLDER]

`tails`: 200 cameras of different tails share a budget; every peak of a thousand days is drawn, and
held against the camera's threshold. Given is how often the 95% interval of the sum holds the
budget. Then the same with tails that were fitted to a day of such footage, as a training fits them.

`boxes`: twelve simulated streets are learnt by short trainings, three boxes of four cameras get
their parts by `edge-vad site budget --write`, and each watches ordinary life by `edge-vad run`, as
fast as it can. It passes if the 95% interval of the sum of all alarms holds the budget.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "runtime"), str(ROOT / "train")]

import numpy as np  # noqa: E402

from edge_vad.false_alarms import NormalTail, parse_rate, poisson_interval  # noqa: E402
from edge_vad.site.budget.allocation import allocate  # noqa: E402
from edge_vad_street.url import StreetOptions  # noqa: E402

CAMERAS, DAYS, FOOTAGE_H = 200, 1000, 24.0
FPS, SIZE = 5.0, (240, 160)
VIEWS = (
    {"view": "side"},
    {"view": "high"},
    {"view": "side", "time_of_day": "dusk"},
    {"view": "high", "nuisance": "leaves"},
)
"""The four cameras of every box."""
TRAINING = ("--steps", "300", "--frames", "3000", "--overwrite")
"""Short: what is asked for is that rates hold, not that much is found."""


def drawn_tail(rng: np.random.Generator) -> NormalTail:
    """A tail as scenes have them: some thin, some heavy, some busy, some quiet."""
    shape = float(rng.choice([0.0, rng.uniform(0, 0.5)]))
    often, scale = float(rng.uniform(0.5, 4)), float(rng.lognormal(0, 0.5))
    return NormalTail(FOOTAGE_H, 1, float(rng.normal()), often, scale, shape)


def drawn_peaks(tail: NormalTail, hours: float, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """The highest scores of all alarms above the start of a tail in these hours."""
    excess = rng.standard_exponential(rng.poisson(tail.alarms_per_hour * hours))
    if tail.shape:
        excess = np.expm1(tail.shape * excess) / tail.shape
    peaks: np.ndarray[Any, Any] = tail.start + tail.scale * excess
    return peaks


def fitted_tail(tail: NormalTail, hours: float, rng: np.random.Generator) -> NormalTail:
    """What a training fits to so many hours: a fifth of the frames lie in peaks, as it has them."""
    from edge_vad_train.fitting.calibration import fit_tail

    peaks = drawn_peaks(tail, hours, rng)
    # Of 15 frames a peak takes five: three of them are persistent, and a fifth of all.
    frames = np.full((len(peaks), 15), tail.start - 1, np.float32)
    frames[:, :5] = peaks[:, None]
    return fit_tail([frames.ravel()], frames.size / hours / 3600)


def alarms_of(
    budget: float, believed: list[NormalTail], true: list[NormalTail], rng: np.random.Generator
) -> int:
    """Alarms of all cameras in a thousand days, where thresholds follow from believed tails."""
    rates = allocate(budget, believed)
    return sum(
        int((drawn_peaks(tail, DAYS * 24, rng) >= known.threshold(rate)).sum())
        for tail, known, rate in zip(true, believed, rates, strict=True)
    )


def check_tails(runs: int) -> bool:
    """Print how often the interval holds the budget; whether that is as often as it should."""
    held, sums = 0, []
    for run in range(runs):
        rng = np.random.default_rng(run)
        tails = [drawn_tail(rng) for _ in range(CAMERAS)]
        count = alarms_of(3 / 24, tails, tails, rng)
        low, high = poisson_interval(count, DAYS)
        held += low <= 3 <= high
        sums.append(count / DAYS)
    spread = math.sqrt(np.var(sums))
    print(
        f"{CAMERAS} tails, {DAYS} days, 3/day: {np.mean(sums):.3f} a day (spread {spread:.3f}, "
        f"Poisson {math.sqrt(3 / DAYS):.3f}); the 95% interval holds 3 in {held} of {runs} runs"
    )
    rng = np.random.default_rng(runs)
    true = [drawn_tail(rng) for _ in range(CAMERAS)]
    fitted = [fitted_tail(tail, FOOTAGE_H, rng) for tail in true]
    for said in (200.0, 3.0):
        count = alarms_of(said / 24, fitted, true, rng)
        low, high = poisson_interval(count, DAYS)
        print(
            f"tails fitted to {FOOTAGE_H:g} h each, {said:g}/day: {count / DAYS:.3g} a day "
            f"({low:.3g} to {high:.3g})"
        )
    # Nineteen of twenty hold it on average; fewer than this are one in a thousand.
    return held >= runs * 0.95 - 3.1 * math.sqrt(runs * 0.95 * 0.05)


class Street(NamedTuple):
    """A camera of a box.

    Attributes:
        name: Its name.
        footage: What it learns from.
        watched: What it watches: the same street with other traffic.
    """

    name: str
    footage: str
    watched: str


def streets(box: int, minutes: float) -> list[Street]:
    """The four cameras of a box."""
    frames = round(minutes * 60 * FPS)

    def url(place: int, day: int) -> str:
        number = 4 * box + place
        options = StreetOptions(
            seed=1000 * day + number,
            scene=number + 1,
            size=SIZE,
            fps=FPS,
            frames=frames,
            **VIEWS[place],
        )
        return options.url()

    return [Street(f"camera{place}", url(place, 1), url(place, 2)) for place in range(len(VIEWS))]


def edge_vad(*words: object, to: Path | None = None) -> subprocess.Popen[str]:
    """A command of edge-vad; what it says goes to a file, if there is one."""
    log = to.open("w") if to else None
    command = [sys.executable, "-m", "edge_vad", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)


def done(process: subprocess.Popen[str]) -> str:
    """What a command prints; ends this one where it fails."""
    said, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{' '.join(map(str, process.args))} ended with {process.returncode}")  # type: ignore[arg-type]
    return said


def make_box(folder: Path, cameras: list[Street]) -> Path:
    """Learn the scenes of a box, and write its site file."""
    text = '[sinks]\nfolder = "watched"\n[sinks.jsonl]\n'
    for each in cameras:
        scene, training = folder / f"{each.name}.onnx", folder / "runs" / each.name
        if not scene.exists():
            done(edge_vad("train", each.footage, "--out", training, *TRAINING, to=folder / "log"))
            done(edge_vad("export", training, "--out", scene, to=folder / "log"))
        text += f'\n[[cameras]]\nname = "{each.name}"\n'
        text += f'source = "{each.watched}"\nscene = "{scene.name}"\n'
    file = folder / "site.toml"
    file.write_text(text)
    print(f"{folder.name}: {len(cameras)} scenes learnt", flush=True)
    return file


def check_boxes(out: Path, minutes: float, budget: str) -> bool:
    """Three boxes watch; whether the sum of their alarms agrees with the budget."""
    sites = []
    for box in range(3):
        folder = out / f"box{box}"
        folder.mkdir(parents=True, exist_ok=True)
        sites.append(make_box(folder, streets(box, minutes)))
    print(done(edge_vad("site", "budget", *sites, "--false-alarms", budget, "--write")))
    runs = [
        edge_vad("run", "--config", each, "--json", to=each.with_name("run.log")) for each in sites
    ]
    count, hours = 0, 0.0
    for site, run in zip(sites, runs, strict=True):
        summary = json.loads(done(run))
        alarms = events_of(site.with_name("watched") / "events.jsonl")
        scored = [camera["frames"] / FPS / 3600 for camera in summary["cameras"]]
        for camera, scored_h in zip(summary["cameras"], scored, strict=True):
            name, rate = camera["name"], camera["false_alarms"]
            print(f"{site.parent.name} {name}: accepts {rate}, {alarms[name]} in {scored_h:.2f} h")
        count += alarms.total()
        hours += sum(scored) / len(scored) / len(sites)
    low, high = poisson_interval(count, hours)
    said = parse_rate(budget)
    print(f"{count} alarms in {hours:.3f} h, {low:.3g} to {high:.3g} an hour; accepted: {said:g}")
    return low <= said <= high


def events_of(file: Path) -> Counter[str]:
    """Alarms by camera."""
    lines = map(json.loads, file.read_text().splitlines()) if file.exists() else ()
    return Counter(line["camera"] for line in lines if line["type"] == "new")


def main() -> None:
    """Check what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parts = parser.add_subparsers(dest="part", required=True)
    tails = parts.add_parser("tails")
    tails.add_argument("--runs", type=int, default=40)
    boxes = parts.add_parser("boxes")
    boxes.add_argument("--minutes", type=float, default=60.0)
    boxes.add_argument("--false-alarms", default="24/hour")
    boxes.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if asked.part == "tails":
        is_well = check_tails(asked.runs)
    elif asked.out:
        is_well = check_boxes(asked.out, asked.minutes, asked.false_alarms)
    else:
        with tempfile.TemporaryDirectory() as folder:
            is_well = check_boxes(Path(folder), asked.minutes, asked.false_alarms)
    if not is_well:
        sys.exit("the sum is not what was accepted")
    print("the sum is what was accepted")


if __name__ == "__main__":
    main()
