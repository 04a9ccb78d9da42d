"""Measures what the live runtime promises; every check prints its figures as JSON.

    python tools/live_checks.py many SCENE [--cameras 16] [--fps 25] [--seconds 60]
    python tools/live_checks.py overload SCENE [--seconds 20]
    python tools/live_checks.py reconnect SCENE [--away 10]
    python tools/live_checks.py soak SCENE [--minutes 30]

`reconnect` needs GStreamer's RTSP server: tools/install_test_servers.sh.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "runtime"), str(ROOT / "benchmarks"), str(ROOT / "tests" / "servers")]

from edge_vad.backends import load_backend  # noqa: E402
from edge_vad.camera_state import CameraState  # noqa: E402
from edge_vad.detection import Detection  # noqa: E402
from edge_vad.events import ChangeKind, EventChange  # noqa: E402
from edge_vad.live.camera_pipeline import CameraPipeline, CameraPlan  # noqa: E402
from edge_vad.live.loop import LiveLoop  # noqa: E402
from edge_vad.scene_model import SceneModel  # noqa: E402
from edge_vad.scoring.scorer import Scorer  # noqa: E402
from edge_vad.sinks.base import Sink  # noqa: E402
from edge_vad.sources import open_source  # noqa: E402
from edge_vad.sources.addresses.spec import parse_spec  # noqa: E402
from edge_vad_bench.workloads.camera_load import CameraLoad  # noqa: E402
from edge_vad_bench.workloads.footage import Stream, pictures_of, write  # noqa: E402

_BITS = 400_000
"""A second, of the recordings of `many`."""


class Notes(Sink):
    """Writes down when every frame was decided on and how old it was.

    Args:
        delay_s: How slow it makes the device, for the check of overload.
    """

    name = "notes"

    def __init__(self, delay_s: float = 0.0) -> None:
        self.frames: dict[str, list[tuple[float, float]]] = {}
        self.alarms: list[tuple[float, str]] = []
        self.states: list[tuple[float, str, str]] = []
        self._delay_s = delay_s

    def frame(self, camera: str, detection: Detection) -> None:
        now = time.monotonic()
        self.frames.setdefault(camera, []).append((now, now - detection.frame.time_s))
        time.sleep(self._delay_s)

    def event(self, camera: str, change: EventChange) -> None:
        if change.kind is ChangeKind.NEW:
            self.alarms.append((time.monotonic(), camera))

    def state(self, camera: str, state: CameraState, at: float) -> None:
        self.states.append((time.monotonic(), camera, str(state)))

    def fps(self, camera: str, begin: float, end: float) -> float:
        """Frames scored a second between two times."""
        return sum(begin <= at < end for at, _ in self.frames.get(camera, [])) / (end - begin)

    def ages(self, begin: float, end: float) -> list[float]:
        """How old frames were when they were decided on, between two times, s."""
        return [age for each in self.frames.values() for at, age in each if begin <= at < end]


def make_loop(scene: Path, sources: dict[str, str], threads: int) -> LiveLoop:
    """A loop of cameras that share one scene model."""
    model = SceneModel.read(scene)
    scorer = Scorer(model, load_backend(model, threads=threads))
    plans = [CameraPlan(name, parse_spec(source), model) for name, source in sources.items()]
    return LiveLoop([CameraPipeline(plan) for plan in plans], [scorer])


def write_street(scene: Path, path: Path, seed: int, frames: int, fps: float) -> Path:
    """A video of the simulated street in the size of the scene."""
    card = SceneModel.read(scene).card
    size = (card.width, card.height)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size)
    url = f"test://street?seed={seed}&size={card.width}x{card.height}&fps={fps:g}&frames={frames}"
    for frame in open_source(url):
        writer.write(frame.image)
    writer.release()
    return path


def many(scene: Path, cameras: int, seconds: float, fps: int) -> dict[str, object]:
    """H.264 recordings of the scene's size, played and scored at a rate: rates, ages and cores."""
    model = SceneModel.read(scene)
    card = model.card
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for seed in range(4):
            stream = Stream(f"street {seed}", card.height, _BITS)
            pictures = pictures_of(f"test://street?seed={seed}&size={_size(scene)}&fps={fps}")
            files.append(write(Path(folder), stream, pictures, 10.0, fps))
        sources = [f"{files[number % 4]}?realtime=1&loop=1" for number in range(cameras)]
        found = CameraLoad(model, "onnxruntime", 1, fps).watch(sources, seconds)
    return {
        "cameras": cameras,
        "fps": fps,
        "cores": len(os.sched_getaffinity(0)),
        "lowest_fps": round(found.fps, 2),
        "dropped": found.dropped,
        "age_ms": {"p50": round(found.p50_ms, 1), "p99": round(found.p99_ms, 1)},
        "cpu_cores_used": round(found.cores, 2),
        "of_them": {name: round(used, 2) for name, used in found.cpu.items()},
        "cores_of_others": found.contention_cores,
    }


def overload(scene: Path, seconds: float = 20.0, delay_s: float = 0.15) -> dict[str, object]:
    """A source faster than the device: the age of the scored frame, and memory."""
    with tempfile.TemporaryDirectory() as folder:
        fps = SceneModel.read(scene).card.fps * 1.1
        path = write_street(scene, Path(folder) / "fast.avi", 1, 200, fps)
        notes = Notes(delay_s)
        loop = make_loop(scene, {"fast": f"{path}?realtime=1&loop=1"}, threads=1)
        memory: list[float] = []
        sampler = sample(lambda: memory.append(resident_mb()), 0.5)
        began = time.monotonic()
        loop.run([notes], seconds)
        sampler.set()
    times = [at for at, _ in notes.frames["fast"] if at > began + 2]
    frame_ms = float(np.median(np.diff(times))) * 1000
    ages = np.array(notes.ages(began + 2, began + seconds)) * 1000
    half = len(memory) // 2
    return {
        "source_fps": round(fps, 2),
        "scored_fps": round(1000 / frame_ms, 2),
        "frame_time_ms": round(frame_ms, 1),
        "age_ms": {"p50": round(float(np.median(ages)), 1), "max": round(float(ages.max()), 1)},
        "dropped": loop.status()[0].dropped,
        "memory_growth_percent": round((max(memory[half:]) / max(memory[:half]) - 1) * 100, 2),
        "ok": bool(ages.max() < 2 * frame_ms),
    }


def reconnect(scene: Path, away_s: float = 10.0) -> dict[str, object]:
    """An RTSP camera killed and revived beside others that go on."""
    from rtsp_camera import RtspCamera

    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "pictures"
        pictures.mkdir()
        card = SceneModel.read(scene).card
        url = f"test://street?seed=1&size={card.width}x{card.height}&fps={card.fps:g}&frames=160"
        for frame in open_source(url):
            cv2.imwrite(str(pictures / f"{frame.index:06}.jpg"), frame.image)
        file = write_street(scene, Path(folder) / "other.avi", 2, 160, card.fps)
        notes = Notes()
        with RtspCamera(pictures, round(card.fps), ("admin", "hunter2")) as camera:
            sources = {"fence": camera.url} | {f"o{n}": f"{file}?realtime=1&loop=1" for n in (1, 2)}
            loop = make_loop(scene, sources, threads=1)
            thread = threading.Thread(target=loop.run, args=([notes],))
            thread.start()
            time.sleep(away_s)
            killed = time.monotonic()
            camera.kill()
            time.sleep(away_s)
            camera.revive()
            revived = time.monotonic()
            time.sleep(away_s)
            loop.stop()
            thread.join()
    back = min(at for at, _ in notes.frames["fence"] if at > revived)
    others = [
        (notes.fps(n, killed - away_s + 2, killed), notes.fps(n, killed, revived))
        for n in ("o1", "o2")
    ]
    return {
        "away_s": away_s,
        "scored_again_after_s": round(back - revived, 2),
        "scored_while_away": sum(killed + 1 < at < revived for at, _ in notes.frames["fence"]),
        "alarms_within_5_s_of_the_gap": sum(
            name == "fence" and killed <= at < back + 5 for at, name in notes.alarms
        ),
        "others_fps_before_and_while_away": [[round(each, 2) for each in pair] for pair in others],
        "others_change_percent": round(
            max(abs(after / before - 1) for before, after in others) * 100, 1
        ),
        "states": [state for _, name, state in notes.states if name == "fence"],
    }


def soak(scene: Path, seconds: float) -> dict[str, object]:
    """Accelerated streets on four cameras: memory, threads and descriptors after warm-up."""
    sources = {f"c{n}": f"test://street?seed={n}&size={_size(scene)}" for n in range(4)}
    notes = Counter()
    loop = make_loop(scene, sources, threads=1)
    seen: list[tuple[float, int, int]] = []
    sampler = sample(
        lambda: seen.append((resident_mb(), threading.active_count(), descriptors())), 1.0
    )
    loop.run([notes], seconds)
    sampler.set()
    warm = seen[len(seen) // 4 : -1]
    quarter = max(1, len(warm) // 4)
    early, late = (
        float(np.median([each[0] for each in part])) for part in (warm[:quarter], warm[-quarter:])
    )
    return {
        "seconds": seconds,
        "frames": notes.count,
        "memory_mb": [round(early, 1), round(late, 1)],
        "memory_growth_percent": round((late / early - 1) * 100, 2),
        "threads": [warm[0][1], warm[-1][1]],
        "descriptors": [warm[0][2], warm[-1][2]],
    }


class Counter(Sink):
    """Counts frames and keeps none."""

    name, count = "counter", 0

    def frame(self, camera: str, detection: Detection) -> None:
        self.count += 1


def sample(look: Callable[[], object], every_s: float) -> threading.Event:
    """Look again and again in a thread; set the event to end it."""
    stop = threading.Event()

    def go_on() -> None:
        while not stop.wait(every_s):
            look()

    threading.Thread(target=go_on, daemon=True).start()
    return stop


def resident_mb() -> float:
    """Memory of this process that is in use, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def descriptors() -> int:
    """Open files of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def _size(scene: Path) -> str:
    card = SceneModel.read(scene).card
    return f"{card.width}x{card.height}"


def main() -> None:
    """Run one check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("check", choices=["many", "overload", "reconnect", "soak"])
    parser.add_argument("scene", type=Path)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--away", type=float, default=10.0)
    said = parser.parse_args()
    if said.check == "many":
        figures = many(said.scene, said.cameras, said.seconds or 60.0, said.fps)
    elif said.check == "overload":
        figures = overload(said.scene, said.seconds or 20.0)
    elif said.check == "reconnect":
        figures = reconnect(said.scene, said.away)
    else:
        figures = soak(said.scene, said.seconds or said.minutes * 60)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
