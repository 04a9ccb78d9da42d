"""What is tried inside the machine with its USB camera: `python inside.py FOLDER`.

Figures go to `figures.json` of the folder, which the machine outside shares; so do footage and log.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

DEVICE = Path("/dev/video0")
SIZES = {"record": "640x480", "raw": "320x240"}
"""What is recorded, by the names of the steps."""
_WATCHED = Path("/tmp/watched")  # noqa: S108 - of the machine inside; a database needs more than 9p
_WANTED_S = {"record": 30, "raw": 15}
_WATCH_S, _BEFORE_S, _AWAY_S, _PATIENCE_S = 90, 10, 5, 600


class Failed(Exception):
    """Something is not as promised."""


class Plug:
    """The USB camera, plugged in and pulled out."""

    def __init__(self, pictures: Path) -> None:
        self._pictures = pictures
        self._camera: subprocess.Popen[bytes] | None = None

    def push(self, *formats: str) -> None:
        """Plug it in, with these formats alone where some are given, until its device is there."""
        program = Path(__file__).with_name("camera.py")
        command = [sys.executable, "-S", str(program), str(self._pictures), *formats]
        self._camera = subprocess.Popen(command)
        wait_until("the device appears", DEVICE.exists)

    def pull(self) -> None:
        """Unplug it, until its device is gone."""
        if self._camera and self._camera.poll() is None:
            self._camera.terminate()
            self._camera.wait()
        wait_until("the device disappears", lambda: not DEVICE.exists())

    def interrupt(self) -> None:
        """Unplug it for a while."""
        time.sleep(_BEFORE_S)
        self.pull()
        time.sleep(_AWAY_S)
        self.push()


def wait_until(what: str, holds: Callable[[], bool]) -> float:
    """Wait for it, and say how many seconds it took."""
    begun_s = time.monotonic()
    while not holds():
        if time.monotonic() > begun_s + _PATIENCE_S:
            raise Failed(f"{what}: not within {_PATIENCE_S} s")
        time.sleep(0.05)
    return time.monotonic() - begun_s


@contextmanager
def edge_vad(*words: object, log: IO[str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a command, which does not outlive what is done with it."""
    command = ["edge-vad", *map(str, words)]
    print("inside:", *command, flush=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def result_of(command: subprocess.Popen[str]) -> str:
    """Wait for its end, which must be a good one."""
    out, _ = command.communicate()
    if command.returncode:
        raise Failed(f"{command.args}: exit code {command.returncode}")
    return out


def record(name: str, folder: Path, plug: Plug | None = None) -> dict:
    """Record the camera, which is unplugged in between where the plug is given."""
    source, back_s, cpu_s = f"{name}={DEVICE}?size={SIZES[name]}&fps=10", None, _cpu_s()
    wanted = ("--duration", f"{_WANTED_S[name]}s", "--json")
    words = ("record", source, "--out", folder / "footage", *wanted)
    with (folder / f"{name}.log").open("w") as log, edge_vad(*words, log=log) as command:

        def begun(count: int) -> Callable[[], bool]:
            return lambda: command.poll() is not None or len(_filled(folder, name)) >= count

        start_s = wait_until(f"{name} is recorded", begun(1))
        if plug:
            plug.interrupt()
            back_s = wait_until(f"{name} is recorded again", begun(2))
        told = json.loads(result_of(command))[0]
    return {"start_s": start_s, "back_s": back_s, "cpu_s": _cpu_s() - cpu_s, **told}


def _filled(folder: Path, name: str) -> list[Path]:
    return [each for each in (folder / "footage" / name).glob("*.mkv") if each.stat().st_size]


def _cpu_s() -> float:
    """Processor time of the commands that have ended."""
    used = os.times()
    return used.children_user + used.children_system


def watch(folder: Path, plug: Plug) -> dict:
    """Watch the camera, which is unplugged in between."""
    log = folder / "watch.log"
    source = f"{DEVICE}?size={SIZES['record']}&fps=10"
    wanted = ("--duration", f"{_WATCH_S}s", "--log-json")
    words = ("run", folder / "scene" / "scene.onnx", source, "--out", _WATCHED, *wanted)
    with log.open("w") as file, edge_vad(*words, log=file) as command:

        def told(text: str, times: int = 1) -> Callable[[], bool]:
            return lambda: command.poll() is not None or log.read_text().count(text) >= times

        start_s = wait_until("the camera is live", told(": live"))
        plug.interrupt()
        lost_s = wait_until("no signal is told", told("no signal"))
        back_s = wait_until("the camera is live again", told(": live", 2))
        result_of(command)
    states = [line for line in ("no signal", ": live") if line not in log.read_text()]
    if states:
        raise Failed(f"run told nothing of {states}")
    return {"start_s": start_s, "lost_s": lost_s, "back_s": back_s}


def try_record(folder: Path, plug: Plug) -> dict:
    """A camera with motion JPEG, which is lost and comes back."""
    plug.push()
    return record("record", folder, plug)


def try_raw(folder: Path, plug: Plug) -> dict:
    """A camera that has raw pictures alone."""
    plug.push("YUYV")
    return record("raw", folder)


def try_doctor(folder: Path, plug: Plug) -> dict:
    """It names the camera."""
    plug.push()
    begun_s = time.monotonic()
    with edge_vad("doctor", "--json") as command:
        told = json.loads(result_of(command))
    plugged = [each for each in told["camera"]["cameras"] if each["path"] == str(DEVICE)]
    if len(plugged) != 1 or not plugged[0]["readable"]:
        raise Failed(f"doctor lists {plugged} as {DEVICE}")
    return {"name": plugged[0]["name"], "seconds": time.monotonic() - begun_s}


def try_run(folder: Path, plug: Plug) -> dict:
    """It is watched, lost, and watched again."""
    plug.push()
    wait_until("a scene is trained outside", (folder / "trained").exists)
    return watch(folder, plug)


STEPS = {"doctor": try_doctor, "record": try_record, "raw": try_raw, "run": try_run}


def main(folder: Path, steps: list[str]) -> None:
    """Try them, and leave what was found."""
    boot_s = float(Path("/proc/uptime").read_text().split()[0])
    (folder / "up").touch()
    plug = Plug(folder / "pictures")
    figures: dict = {"boot": {"seconds": boot_s}}
    for name in steps:
        try:
            figures[name] = STEPS[name](folder, plug)
            plug.pull()
        except Exception as fault:  # noqa: BLE001 - told outside, where the figures are
            figures[name] = {"fault": f"{type(fault).__name__}: {fault}"}
            plug.pull()
        print("inside:", name, json.dumps(figures[name]), flush=True)
        (folder / f"{name}.done").touch()
    (folder / "figures.part").write_text(json.dumps(figures))
    (folder / "figures.part").rename(folder / "figures.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
