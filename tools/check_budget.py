"""Does a budget of false alarms hold? By simulated tails, and by three boxes that watch an hour.

    python tools/check_budget.py tails [--runs 40]
    python tools/check_budget.py boxes [--minutes 60] [--false-alarms 18/hour] [--streets 4]
                                       [--made] [--out FOLDER]

`tails`: 200 cameras of different tails share a budget; every peak of a thousand days is drawn, and
held against the camera's threshold. Given is how often the 95% interval of the sum holds the
budget. Then the same with tails that were fitted to a day of such footage, as a training fits them.

`boxes`: four simulated streets are learnt by short trainings. Three boxes of four cameras, each of
a street with traffic of its own, get their parts by `edge-vad site budget --write`. They watch
ordinary life by `edge-vad run`, as three processes, as fast as they can. With `--made` nothing is
learnt, which takes minutes in place of many: scores are squared motion, and their tail is fitted to
an hour of each street by the code that fits it in a training. It passes if the 95%
interval of the sum of all alarms holds the budget.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / each) for each in ("runtime", "train", "tests", "tests/servers")]

import numpy as np  # noqa: E402

from edge_vad.false_alarms import NormalTail, parse_rate, poisson_interval  # noqa: E402
from edge_vad.site.budget.allocation import allocate  # noqa: E402
from edge_vad_street.url import StreetOptions  # noqa: E402

CAMERAS, DAYS, FOOTAGE_H = 200, 1000, 24.0
BOXES, CAMERAS_OF_A_BOX, FPS = 3, 4, 1.0
SIZE, MADE_SIZE = (160, 120), (64, 48)
VIEWS: dict[str, dict[str, Any]] = {
    "side": {"view": "side"},
    "high": {"view": "high"},
    "dusk": {"view": "side", "time_of_day": "dusk"},
    "leaves": {"view": "high", "nuisance": "leaves"},
}
"""What the four cameras of a box see."""
TRAINING = ("--steps", "100", "--frames", "1000", "--overwrite")
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
    # At a frame a second; the first two frames of a peak are not persistent yet.
    between = round(hours * 3600 / len(peaks))
    frames = np.full((len(peaks), between), tail.start - 1, np.float32)
    frames[:, : -(-between // 5) + 3] = peaks[:, None]
    return fit_tail([frames.ravel()], fps=1.0)


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


def street(view: str, day: int, minutes: float, size: tuple[int, int]) -> str:
    """The address of a street; another day has other traffic."""
    options = StreetOptions(
        seed=day,
        scene=1 + list(VIEWS).index(view),
        size=size,
        fps=FPS,
        frames=round(minutes * 60 * FPS),
        **VIEWS[view],
    )
    return options.url()


def edge_vad(*words: object, to: Path) -> subprocess.Popen[str]:
    """A command of edge-vad; what it says besides its answer goes to a file."""
    command = [sys.executable, "-m", "edge_vad", *map(str, words)]
    with to.open("a") as log:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)


def done(process: subprocess.Popen[str]) -> str:
    """What a command prints; ends this one where it fails."""
    said, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{process.args!r} ended with {process.returncode}")
    return said


def learn(out: Path, views: list[str], minutes: float) -> None:
    """Learn the streets, two at a time; what is there already is kept."""

    def learn_one(view: str) -> None:
        training, scene, log = out / "runs" / view, out / f"{view}.onnx", out / f"{view}.log"
        if not scene.exists():
            footage = street(view, 0, minutes, SIZE)
            done(edge_vad("train", footage, "--out", training, *TRAINING, to=log))
            done(edge_vad("export", training, "--out", scene, to=log))
        print(f"{scene.name} is learnt", flush=True)

    with ThreadPoolExecutor(2) as learners:
        list(learners.map(learn_one, views))


def make(out: Path, views: list[str], minutes: float) -> None:
    """Make scenes whose score is squared motion, and fit their tails to the streets."""
    from conftest import tiny_card, write_scene
    from edge_vad.motion.extractor import MotionSettings
    from edge_vad_train.fitting.calibration import fit_tail

    card = {"fps": FPS, "motion": MotionSettings(window=1)}
    scoring = {}
    for view in views:
        scene = write_scene(out / f"{view}.onnx", tiny_card(**card))
        to = ("--out", out / f"scores-{view}")
        footage = street(view, 0, minutes, MADE_SIZE)
        scoring[scene] = edge_vad("score", scene, footage, *to, to=out / f"{view}.log")
    for scene, process in scoring.items():
        done(process)
        (file,) = (out / f"scores-{scene.stem}").rglob("scores*.jsonl")
        rows = map(json.loads, file.read_text().splitlines())
        scores = [row["score"] for row in rows if row["score"] is not None]
        tail = fit_tail([np.array(scores, np.float32)], FPS)
        write_scene(scene, tiny_card(**card, normal=tail))
        print(f"{scene.name} is made: {tail}", flush=True)


def make_box(
    out: Path, box: int, views: list[str], minutes: float, size: tuple[int, int] = SIZE
) -> Path:
    """Write the site file of a box of four cameras: every one sees a day of its own."""
    text = '[sinks]\nfolder = "watched"\n[sinks.jsonl]\n'
    for place in range(CAMERAS_OF_A_BOX):
        view, day = views[place % len(views)], 1 + CAMERAS_OF_A_BOX * box + place
        text += f'\n[[cameras]]\nname = "{view}{place}"\n'
        text += f'source = "{street(view, day, minutes, size)}"\nscene = "../{view}.onnx"\n'
    file = out / f"box{box}" / "site.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def check_boxes(
    out: Path, views: list[str], minutes: float, budget: str, size: tuple[int, int]
) -> bool:
    """Three boxes watch; whether the sum of their alarms agrees with the budget."""
    sites = [make_box(out, box, views, minutes, size) for box in range(BOXES)]
    log = out / "budget.log"
    print(done(edge_vad("site", "budget", *sites, "--false-alarms", budget, "--write", to=log)))
    runs = [edge_vad("run", "--config", each, "--json", to=each.with_name("log")) for each in sites]
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
    boxes.add_argument("--false-alarms", default="18/hour")
    boxes.add_argument("--streets", type=int, default=4, choices=range(1, 5))
    boxes.add_argument("--made", action="store_true")
    boxes.add_argument("--out", type=Path)
    asked = parser.parse_args()
    views = list(VIEWS)[: getattr(asked, "streets", 0)]
    if asked.part == "tails":
        is_well = check_tails(asked.runs)
    else:
        size = MADE_SIZE if asked.made else SIZE
        with tempfile.TemporaryDirectory() as temporary:
            folder = asked.out or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            (make if asked.made else learn)(folder, views, asked.minutes)
            is_well = check_boxes(folder, views, asked.minutes, asked.false_alarms, size)
    if not is_well:
        sys.exit("the sum is not what was accepted")
    print("the sum is what was accepted")


if __name__ == "__main__":
    main()
