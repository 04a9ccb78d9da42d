"""Boots Debian's kernel in QEMU with a USB camera, and does there what an owner does.

    python tools/check_usb.py [--accelerator kvm|tcg] [--only STEP…] [--keep FOLDER]

The camera is simulated down to its descriptors: the kernel's own driver of webcams, `uvcvideo`,
sees a UVC camera with motion JPEG and raw pictures, plugged in and out. `doctor`, `record` and
`run` are run inside, with the files of this machine; the training on what was recorded runs
outside, at full speed. Fails where a promise is broken. Needs Debian, qemu-system-x86 and 3 GB of
memory; downloads the kernel's package (70 MB) into .cache, and installs nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PACKAGES = ("runtime", "train", "export", "benchmarks")
sys.path += [str(ROOT / package) for package in PACKAGES]

import av  # noqa: E402
from usb_machine import inside, kernel, machine, pictures  # noqa: E402

UP_S, ALL_S = 90, 1500
MOST_BACK_S = 60
LEAST_RATE = 0.5
"""Of the camera's pictures, the share that is recorded at least: the machine inside is slow."""


class Footage(NamedTuple):
    """What was recorded of a camera, as it plays.

    Attributes:
        files: How many.
        size: Of the pictures, such as `640x480`.
        pictures: In all of the files.
        seconds: From the first to the last picture of each, together.
    """

    files: int
    size: str
    pictures: int
    seconds: float

    @property
    def fps(self) -> float:
        """Pictures a second."""
        return (self.pictures - self.files) / max(self.seconds, 1e-6)


def read_footage(folder: Path) -> Footage:
    """Decode all of it."""
    pictures_seen, seconds, sizes, files = 0, 0.0, set(), sorted(folder.glob("*.mkv"))
    for file in files:
        with av.open(str(file)) as container:
            times = []
            for picture in container.decode(video=0):
                times.append(picture.time or 0.0)
                sizes.add(f"{picture.width}x{picture.height}")
        pictures_seen += len(times)
        seconds += times[-1] - times[0] if times else 0.0
    return Footage(len(files), " and ".join(sorted(sizes)), pictures_seen, seconds)


def boot(
    shared: Path, accelerator: str | None, steps: list[str]
) -> tuple[str, subprocess.Popen[str]]:
    """Start the machine; where none is asked for, without KVM if that does not get it up."""
    unpacked = kernel.unpack(ROOT / ".cache" / "usb")
    command = [os.path.realpath(sys.executable), inside.__file__, "/run/shared", *steps]
    can = os.access("/dev/kvm", os.R_OK | os.W_OK)
    for each in [accelerator] if accelerator else ["kvm", "tcg"] if can else ["tcg"]:
        print(f"booting with {each}", flush=True)
        process = machine.start(unpacked, shared, command, each)
        threading.Thread(target=show, args=(process,), daemon=True).start()
        if appears(process, shared / "up", UP_S * (1 if each == "kvm" else 5)):
            return each, process
        process.kill()
        process.wait()
        print(f"it does not come up with {each}", flush=True)
    raise SystemExit("the machine does not boot")


def show(process: subprocess.Popen[str]) -> None:
    """Print what is said inside."""
    for line in process.stdout or ():
        print("  |", line.rstrip(), flush=True)


def appears(process: subprocess.Popen[str], file: Path, patience_s: float) -> bool:
    """Wait for a file, as long as the machine runs."""
    until_s = time.monotonic() + patience_s
    while not file.exists() and process.poll() is None and time.monotonic() < until_s:
        time.sleep(0.2)
    return file.exists()


def train(shared: Path, footage: Footage) -> str:
    """Train with few steps, and say on what: the footage of inside, if that came quick enough."""
    place = shared / "footage" / "record" if is_quick(footage) else pictures.STREET
    run, scene = shared / "runs", shared / "scene" / "scene.onnx"
    scene.parent.mkdir()
    for words in (("train", place, "--out", run, "--steps", "60"), ("export", run, "--out", scene)):
        subprocess.run(["edge-vad", *map(str, words)], check=True)
    (shared / "trained").touch()
    return str(place)


def is_quick(footage: Footage) -> bool:
    """Whether most of the camera's pictures were recorded."""
    return footage.fps >= LEAST_RATE * pictures.FPS


def faults_of(figures: dict, footage: dict[str, Footage], accelerator: str) -> Iterator[str]:
    """What is not as promised."""
    for name, told in figures.items():
        if "fault" in told:
            yield f"{name}: {told['fault']}"
        elif (told.get("back_s") or 0) > MOST_BACK_S:
            yield f"{name}: back after {told['back_s']:.0f} s"
    for name, seen in footage.items():
        if seen.size != (wanted := inside.SIZES[name]):
            yield f"{name}: pictures of {seen.size}, not {wanted}"
        if accelerator == "kvm" and not is_quick(seen):
            yield f"{name}: {seen.fps:.1f} pictures a second"
    if "record" in footage and footage["record"].files != 2:
        yield f"record: {footage['record'].files} files where the camera was lost once"


@contextmanager
def folder_for(kept: Path | None) -> Iterator[Path]:
    """A folder that the machine inside shares."""
    if kept:
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def try_camera(shared: Path, accelerator: str | None, steps: list[str]) -> int:
    """Do all of it, print the figures, and give the exit code."""
    (shared / "pictures").mkdir()
    pictures.write_street(shared / "pictures")
    used, process = boot(shared, accelerator, steps)
    try:
        if "run" in steps:
            if "record" in steps:
                appears(process, shared / "record.done", ALL_S)
            print("trained on", train(shared, read_footage(shared / "footage" / "record")))
        appears(process, shared / "figures.json", ALL_S)
    finally:
        process.kill()
    if not (shared / "figures.json").exists():
        print("the machine ended, or took too long, before all was tried")
        return 1
    figures = json.loads((shared / "figures.json").read_text())
    footage = {
        name: read_footage(shared / "footage" / name) for name in inside.SIZES if name in steps
    }
    return judged(figures, footage, used)


def judged(figures: dict, footage: dict[str, Footage], accelerator: str) -> int:
    """Print what was measured, and what is wrong."""
    print(f"with {accelerator}:")
    for name, told in figures.items():
        print(f"  {name}: {json.dumps(told)}")
    for name, seen in footage.items():
        print(
            f"  {name}: {seen.pictures} pictures of {seen.size} in {seen.files} files, "
            f"{seen.fps:.1f} of {pictures.FPS} a second"
        )
    faults = list(faults_of(figures, footage, accelerator))
    print("\n".join(f"FAULT: {fault}" for fault in faults) or "all as promised")
    return 1 if faults else 0


def main() -> int:
    """Run it by its options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--accelerator", choices=("kvm", "tcg"))
    parser.add_argument("--keep", type=Path, help="folder for footage and logs; replaced")
    parser.add_argument("--only", choices=inside.STEPS, nargs="+", default=[*inside.STEPS])
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(str(ROOT / package) for package in PACKAGES)
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    if not shutil.which("qemu-system-x86_64"):
        print("no qemu-system-x86_64: run tools/install_qemu.sh")
        return 1
    with folder_for(options.keep) as shared:
        try:
            return try_camera(shared, options.accelerator, options.only)
        except kernel.Missing as missing:
            print(missing)
            return 1


if __name__ == "__main__":
    sys.exit(main())
