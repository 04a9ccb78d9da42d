"""A stand-in for a Jetson's processor: the lean runtime on an arm64 Debian under QEMU.

    python tools/check_arm64.py [--scene street.onnx] [--keep FOLDER]

Debian 12 for arm64 is unpacked into a folder, the wheels that a board takes are unpacked into it,
and every arm64 program in there is run by QEMU's user mode. `edge-vad selftest` is run, and a scene
scores ten pictures: the scores and maps must be those of this machine, within TOLERANCE. Without
--scene it is the small scene of the selftest. Needs Debian and root: tools/install_qemu_user.sh.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "runtime"))

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from wheel_sets import build_wheel, platform_options  # noqa: E402

from edge_vad.scene_model import SceneModel  # noqa: E402
from edge_vad.selftest.small_scene import write_small_scene  # noqa: E402
from edge_vad.sources import open_source  # noqa: E402

FRAMES = 10
TOLERANCE = 1e-4
"""Largest difference of scores and maps, over the largest value of this machine's."""
PYTHON = "3.11"
"""Debian 12's."""
PACKAGES = (
    "bash,coreutils,python3-venv,python3-minimal,libpython3-stdlib,libc-bin,libgcc-s1,libstdc++6,"
    "zlib1g,libbz2-1.0,liblzma5,libffi8,libexpat1,libsqlite3-0,libuuid1,ca-certificates"
)
HOOKS = "/usr/share/mmdebstrap/hooks/merged-usr"
_INSIDE = (
    'for each in proc sys dev; do mount --bind "/$each" "$0/$each" || exit; done; '
    'exec chroot "$0" "$@"'
)


class ScoredFrames(NamedTuple):
    """What was scored.

    Attributes:
        judged: The frames that have a score.
        scores: Theirs.
        maps: (frames, rows, columns).
    """

    judged: list[int]
    scores: NDArray[np.float64]
    maps: NDArray[np.float32]


def unpack_debian(machine: Path) -> None:
    """Unpack the packages; none is configured, which would run its scripts under QEMU."""
    words = ["mmdebstrap", "--quiet", "--arch=arm64", "--variant=extract", f"--hook-dir={HOOKS}"]
    subprocess.run([*words, f"--include={PACKAGES}", "bookworm", str(machine)], check=True)


def unpack_wheels(machine: Path) -> None:
    """Unpack the wheels of a board, in the versions of constraints.txt."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = f"edge-vad[cpu,serve] @ {build_wheel(Path(folder)).resolve().as_uri()}"
        words = [sys.executable, "-m", "pip", "install", "--quiet", *platform_options(PYTHON)]
        words += ["--upgrade", "--target", str(machine / "opt" / "edge-vad")]
        words += ["-c", "constraints.txt", wheel]
        subprocess.run(words, cwd=ROOT, check=True)


class Machine(NamedTuple):
    """Where commands are given: in a folder of this machine, or of the one inside.

    Attributes:
        start: The words that start a program there.
        environment: What the program sees.
        folder: The folder, seen from here.
        seen: The folder, seen from the program.
    """

    start: tuple[str, ...]
    environment: dict[str, str]
    folder: Path
    seen: Path

    def edge_vad(self, *words: str) -> tuple[str, float]:
        """Give a command; what it printed, and seconds."""
        started = time.monotonic()
        given = [*self.start, "-m", "edge_vad", *words]
        done = subprocess.run(
            given, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = (done.stdout + done.stderr)[-3000:]
            sys.exit(f"edge-vad {words[0]} ended with {done.returncode}:\n{said}")
        return done.stdout, time.monotonic() - started

    def score(self, source: str) -> tuple[ScoredFrames, float]:
        """Score the pictures: score and map of every frame that was judged, and seconds."""
        scene, out = self.seen / "scene.onnx", self.seen / "scored"
        words = ("score", str(scene), str(self.seen / source), "--maps", "--out", str(out))
        _, seconds = self.edge_vad(*words)
        (written,) = (self.folder / "scored").iterdir()
        lines = map(json.loads, (written / "scores.jsonl").read_text().splitlines())
        scores = [each["score"] for each in lines]
        judged = [index for index, each in enumerate(scores) if each is not None]
        with np.load(written / "maps.npz") as maps:
            return ScoredFrames(
                judged, np.array(scores)[judged].astype("f8"), maps["maps"]
            ), seconds


def machines(machine: Path, here: Path) -> tuple[Machine, Machine]:
    """This machine and the one inside, a folder in each."""
    inside = ("unshare", "--mount", "sh", "-c", _INSIDE, str(machine), "/usr/bin/python3")
    clean = {"HOME": "/root", "PATH": "/usr/bin:/bin:/usr/sbin", "LANG": "C.UTF-8"}
    there = machine / "check"
    shutil.rmtree(there, ignore_errors=True)
    there.mkdir()
    ours = {**os.environ, "PYTHONPATH": str(ROOT / "runtime")}
    return (
        Machine((sys.executable,), ours, here, here),
        Machine(inside, clean | {"PYTHONPATH": "/opt/edge-vad"}, there, Path("/check")),
    )


def write_pictures(scene: Path, folder: Path) -> str:
    """Ten pictures of the simulated street, of the scene's size; the source that they are."""
    card = SceneModel.read(scene).card
    (folder / "ten").mkdir()
    address = f"test://street?seed=3&frames={FRAMES}&size={card.width}x{card.height}"
    with open_source(address) as street:
        for number, frame in enumerate(street):
            cv2.imwrite(str(folder / "ten" / f"{number:02}.png"), frame.image)
    return f"ten/?fps={card.fps:g}"


def difference(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """The largest difference, over the largest value of ours."""
    return float(np.abs(ours - theirs).max() / np.abs(ours).max())


def check(scene: Path | None, machine: Path, here: Path) -> dict[str, object]:
    """Everything; the figures."""
    if not (machine / "usr").exists():
        unpack_debian(machine)
    unpack_wheels(machine)
    ours, theirs = machines(machine, here)
    copy = here / "scene.onnx"
    if scene:
        shutil.copyfile(scene, copy)
    else:
        write_small_scene(copy)
    source = write_pictures(copy, here)
    shutil.copytree(here, theirs.folder, dirs_exist_ok=True)
    selftest, selftest_s = theirs.edge_vad("selftest", "--json")
    (expected, our_s), (found, their_s) = ours.score(source), theirs.score(source)
    if expected.judged != found.judged or len(found.judged) < 2:
        sys.exit(f"judged were {found.judged}, and {expected.judged} on this machine")
    return {
        "scene": scene.name if scene else "the small scene of the selftest",
        "frames": FRAMES,
        "judged": len(found.judged),
        "score_difference": difference(expected.scores, found.scores),
        "map_difference": difference(expected.maps, found.maps),
        "tolerance": TOLERANCE,
        "backends": [each["backend"] for each in json.loads(selftest)["comparisons"]],
        "selftest_s": round(selftest_s, 1),
        "score_s": round(their_s, 1),
        "score_here_s": round(our_s, 1),
    }


def main() -> None:
    """Check, print the figures, and fail beyond the tolerance."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scene", type=Path, help="A scene model, in place of the small one.")
    parser.add_argument("--keep", type=Path, help="Folder of the machine; used again when there.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as here:
        figures = check(asked.scene, asked.keep or Path(folder) / "machine", Path(here))
    print(json.dumps(figures, indent=2))
    if not max(figures["score_difference"], figures["map_difference"]) <= TOLERANCE:
        sys.exit("the scores are not those of this machine")


if __name__ == "__main__":
    main()
