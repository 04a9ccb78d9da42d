"""Check that callers who hold connections cost no camera a frame, and no event or clip.

    python tools/check_http.py SCENE [--connections 1100] [--seconds 60] [--turns 4] [--again]

A run of four cameras with events, clips, page and metrics may have 1024 descriptors. Half of the
connections go to the page, half to the metrics; they are held by turns, as machines have other work
besides. All traffic stays on this machine.
"""

from __future__ import annotations

import argparse
import http.client
import json
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import cv2

from edge_vad.scene_model import SceneModel
from edge_vad.sinks.store import StoredEvents
from edge_vad.sources import open_source

DESCRIPTORS = 1024
CAMERAS = 4
_SITE = """
[sinks]
folder = "watched"
[sinks.store]
[sinks.clips]
after_s = 1
[sinks.metrics]
port = {metrics}
[sinks.page]
port = {page}
"""
_CAMERA = """
[[cameras]]
name = "c{n}"
source = "{file}?realtime=1&loop=1"
scene = "{scene}"
decision.false_alarms = "10/minute"
"""


def get(port: int, path: str) -> bytes:
    """What a server answers."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        line.request("GET", path)
        answer = line.getresponse()
        if answer.status != 200:
            raise OSError(f"status {answer.status}")
        return answer.read()
    finally:
        line.close()


def answers_after(port: int, path: str, longest_s: float = 30.0) -> float:
    """Seconds until a server answers."""
    began = time.monotonic()
    while time.monotonic() - began < longest_s:
        with suppress(OSError, http.client.HTTPException):
            get(port, path)
            return round(time.monotonic() - began, 2)
        time.sleep(0.05)
    return float("inf")


class Holding:
    """Connections that are held and say nothing."""

    def __init__(self, ports: list[int], count: int) -> None:
        self._ports, self.refused, self.made = ports, 0, 0
        self._held = [self._knock(number) for number in range(count)]

    def _knock(self, number: int) -> socket.socket | None:
        try:
            line = socket.create_connection(("127.0.0.1", self._ports[number % 2]), 0.2)
        except OSError:
            self.refused += 1
            return None
        self.made += 1
        line.setblocking(False)
        return line

    def renew(self) -> None:
        """Make those anew that the other side has ended."""
        for number, line in enumerate(self._held):
            if line is None or self._is_over(line):
                if line is not None:
                    line.close()
                self._held[number] = self._knock(number)

    @staticmethod
    def _is_over(line: socket.socket) -> bool:
        try:
            return not line.recv(1)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Let go."""
        for line in self._held:
            if line is not None:
                line.close()


class Run:
    """A run of edge-vad with few descriptors."""

    def __init__(self, folder: Path, scene: Path) -> None:
        self._folder = folder
        self.page, self.metrics = free_port(), free_port()
        file = write_cyclist(scene, folder / "street.avi")
        cameras = [_CAMERA.format(n=n, file=file, scene=scene.resolve()) for n in range(CAMERAS)]
        site = _SITE.format(page=self.page, metrics=self.metrics)
        (folder / "site.toml").write_text("".join(cameras) + site)
        limit = ["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"]
        command = [sys.executable, "-m", "edge_vad", "run", "--config", str(folder / "site.toml")]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen([*limit, *command], stderr=log)

    @property
    def log(self) -> bytes:
        """What was logged so far."""
        return (self._folder / "log").read_bytes()

    @property
    def descriptors(self) -> int:
        """Files and connections that are open."""
        return len(list(Path(f"/proc/{self._process.pid}/fd").iterdir()))

    def counts(self, metric: str) -> dict[str, int]:
        """A metric of each camera."""
        lines = get(self.metrics, "/metrics").decode().splitlines()
        told = [each for each in lines if each.startswith(metric + "{")]
        return {each.split('"')[1]: int(float(each.split()[-1])) for each in told}

    def end(self) -> int:
        """End it as systemd would; returns its code."""
        self._process.terminate()
        return self._process.wait(20)


def write_cyclist(scene: Path, path: Path) -> Path:
    """A street with cyclists in the size of the scene."""
    card = SceneModel.read(scene).card
    size = (card.width, card.height)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), card.fps, size)
    url = f"test://street?seed=9&anomaly=cyclist&size={size[0]}x{size[1]}&fps={card.fps:g}"
    for frame in open_source(f"{url}&frames=300"):
        writer.write(frame.image)
    writer.release()
    return path


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def rates(run: Run, seconds: float, meanwhile: Callable[[], object]) -> list[float]:
    """Frames a second of each camera, from now on for so long."""
    first, began = run.counts("edge_vad_frames_total"), time.monotonic()
    while time.monotonic() - began < seconds:
        meanwhile()
        time.sleep(0.25)
    answers_after(run.metrics, "/metrics")
    last, took_s = run.counts("edge_vad_frames_total"), time.monotonic() - began
    return [round((last[name] - first[name]) / took_s, 2) for name in first]


class Attack:
    """Holds connections and asks the page meanwhile, by turns."""

    def __init__(self, run: Run, connections: int, *, again: bool) -> None:
        self._run, self._count, self._again = run, connections, again
        self._holding: Holding | None = None
        self.made = self.refused = self.most_descriptors = 0
        self.answered_s: list[float] = []

    def go_on(self) -> None:
        """Begin to hold, or hold on; and ask."""
        run = self._run
        if self._holding is None:
            self._holding = Holding([run.page, run.metrics], self._count)
        elif self._again:
            self._holding.renew()
        self.most_descriptors = max(self.most_descriptors, run.descriptors)
        self.answered_s.append(answers_after(run.page, "/api/site"))

    def end(self) -> float:
        """Let go; returns seconds until the page answers."""
        if self._holding is not None:
            self.made += self._holding.made
            self.refused += self._holding.refused
            self._holding.close()
            self._holding = None
        return answers_after(self._run.page, "/api/live")


def check(
    scene: Path, connections: int, seconds: float, turns: int, *, again: bool
) -> dict[str, object]:
    """Hold connections for some turns, between others of as many seconds; returns figures."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run = Run(folder, scene)
        if answers_after(run.page, "/api/site") == float("inf"):
            sys.exit(run.log.decode())
        time.sleep(5)
        logged = len(run.log)
        attack = Attack(run, connections, again=again)
        quiet, held, afterwards = [], [], []
        for _ in range(turns):
            quiet.append(rates(run, seconds / turns, lambda: None))
            held.append(rates(run, seconds / turns, attack.go_on))
            afterwards.append(attack.end())
        told = sum(run.counts("edge_vad_events_total").values())
        time.sleep(5)
        code = run.end()
        stored = StoredEvents(folder / "watched").newest(1000)
        answered = sorted(attack.answered_s)
        return {
            "fps_otherwise": quiet,
            "fps_while_held": held,
            "lowest_share": round(
                min(map(share, zip(*held, strict=True), zip(*quiet, strict=True))), 3
            ),
            "connections": {"made": attack.made, "refused": attack.refused},
            "most_descriptors": attack.most_descriptors,
            "page_answered_within_s": {
                "median": answered[len(answered) // 2],
                "max": answered[-1],
            },
            "page_answers_afterwards_within_s": max(afterwards),
            "log_bytes": len(run.log) - logged,
            "events_told": told,
            "events_stored": len(stored),
            "without_clip": sum(each.clip is None for each in stored),
            "tracebacks": run.log.count(b"Traceback"),
            "exit_code": code,
        }


def share(held: Sequence[float], quiet: Sequence[float]) -> float:
    """What is left of a camera's rate while connections are held."""
    return sum(held) / sum(quiet)


def main() -> None:
    """Run the check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", type=Path)
    parser.add_argument("--connections", type=int, default=1100)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--turns", type=int, default=4, help="In which they are held.")
    parser.add_argument("--again", action="store_true", help="Connect again when ended.")
    said = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    figures = check(said.scene, said.connections, said.seconds, said.turns, again=said.again)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
