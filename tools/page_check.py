"""Measures what it costs the cameras that browsers look at them; prints the figures as JSON.

    python tools/page_check.py SCENE [--cameras 4] [--viewers 3] [--seconds 60]

By turns nobody looks, and some do, who ask for all pictures as the page does, from processes of
their own.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from live_checks import Notes, make_loop, write_street

from edge_vad.sinks.page.sink import Page
from edge_vad.sinks.settings import PageSettings

TURNS = 6
_VIEWER = """
import http.client, json, struct, sys, time
port, cameras, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
line, have, seen = http.client.HTTPConnection("127.0.0.1", port), [-1] * cameras, 0
until = time.monotonic() + seconds
while time.monotonic() < until:
    began = time.monotonic()
    asked = ",".join(f"{camera}:{number}:480" for camera, number in enumerate(have))
    line.request("GET", f"/api/live?pictures={asked}")
    body = line.getresponse().read()
    told = json.loads(body[4:4 + struct.unpack_from(">I", body)[0]])
    for place, camera in enumerate(told["cameras"]):
        if camera["picture"]:
            have[place], seen = camera["picture"]["number"], seen + 1
    time.sleep(max(0, 0.2 - (time.monotonic() - began)))
print(seen)
"""


class Turn(NamedTuple):
    """Some seconds in which somebody looked or nobody did; from and to, and the time of the CPU."""

    begin: float
    end: float
    cpu_s: float


def look(port: int, cameras: int, viewers: int, seconds: float) -> int:
    """Look at all cameras as browsers do; returns how many pictures were seen."""
    command = [sys.executable, "-c", _VIEWER, str(port), str(cameras), str(seconds)]
    looking = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(viewers)]
    return sum(int(each.communicate()[0]) for each in looking)


def figures(notes: Notes, turns: list[Turn]) -> dict[str, object]:
    """How the cameras fared in these turns."""
    rates = [notes.fps(name, turn.begin, turn.end) for name in notes.frames for turn in turns]
    ages = np.concatenate([notes.ages(turn.begin, turn.end) for turn in turns]) * 1000
    return {
        "lowest_fps": round(min(rates), 2),
        "mean_fps": round(float(np.mean(rates)), 2),
        "age_ms": {f"p{q}": round(float(np.percentile(ages, q)), 1) for q in (50, 90, 99)},
        "cpu_cores_used": round(
            sum(turn.cpu_s for turn in turns) / sum(turn.end - turn.begin for turn in turns), 2
        ),
    }


def check(scene: Path, cameras: int, viewers: int, seconds: float) -> dict[str, object]:
    """Watch recordings at camera rate, by turns with and without viewers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        files = [write_street(scene, Path(folder) / f"{n}.avi", n, 240, 8.0) for n in range(4)]
        sources = {f"c{n:02}": f"{files[n % 4]}?realtime=1&loop=1" for n in range(cameras)}
        loop, notes = make_loop(scene, sources, threads=1), Notes()
        page = Page(PageSettings(port=port), Path(folder), loop, dict)
        thread = threading.Thread(target=loop.run, args=([notes, page],))
        thread.start()
        time.sleep(5)
        turns, pictures = list[Turn](), 0
        for number in range(TURNS):
            began, cpu = time.monotonic(), time.process_time()
            if number % 2:
                pictures += look(port, cameras, viewers, seconds / TURNS)
            else:
                time.sleep(seconds / TURNS)
            turns.append(Turn(began, time.monotonic(), time.process_time() - cpu))
        loop.stop()
        thread.join()
    looked_s = sum(turn.end - turn.begin for turn in turns[1::2])
    return {
        "cameras": cameras,
        "viewers": viewers,
        "pictures_a_second": round(pictures / max(1, viewers * cameras) / looked_s, 2),
        "nobody_looks": figures(notes, turns[::2]),
        "somebody_looks": figures(notes, turns[1::2]),
    }


def main() -> None:
    """Run the check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", type=Path)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--viewers", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0)
    said = parser.parse_args()
    print(json.dumps(check(said.scene, said.cameras, said.viewers, said.seconds), indent=2))


if __name__ == "__main__":
    main()
