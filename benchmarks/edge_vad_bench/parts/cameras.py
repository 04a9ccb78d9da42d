"""The part `cameras`: how many cameras this board watches, found by watching them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from edge_vad.scene_model import SceneModel
from edge_vad_bench import stats
from edge_vad_bench.schema import WatchedCameras
from edge_vad_bench.task import Task
from edge_vad_bench.workloads.camera_load import CameraLoad, LoadResult
from edge_vad_bench.workloads.camera_server import CameraServer
from edge_vad_bench.workloads.footage import MAIN, SUB, Stream, suited_to, write

MOST = 64
"""Cameras that are tried at once, at most."""
SHARE, LATEST_MS = 0.98, 100.0
"""Of its rate each camera must be scored at this share, and 99 of 100 frames must be decided on so
soon after their capture."""

RECORDINGS, RTSP = "recordings", "RTSP"
_SERVED_S = 120.0
"""What a server plays to everybody who connects: longer than anybody looks."""
_LOOPED_S = 20.0

Try = Callable[[int], LoadResult]


@dataclass(frozen=True)
class Kind:
    """What is watched.

    Attributes:
        way: `RECORDINGS` or `RTSP`.
        stream: What is played.
        fps: Frames a second that are scored of each camera.
    """

    way: str
    stream: Stream
    fps: int

    @property
    def name(self) -> str:
        """For readers, and the same in the next report."""
        return f"{self.way} {self.stream.name}"


KINDS = (
    Kind(RECORDINGS, SUB, 25),
    Kind(RECORDINGS, SUB, 8),
    Kind(RECORDINGS, MAIN, 8),
    Kind(RTSP, SUB, 8),
    Kind(RTSP, MAIN, 8),
)


def measure_cameras(task: Task) -> tuple[WatchedCameras, ...]:
    """Find how many cameras of each kind hold; kinds that nothing here can play are left out.

    Raises:
        BadInput: The source holds too few frames, or of another shape than the scene's.
        Unavailable: Nothing here makes H.264.
    """
    task.on_progress("making footage to watch")
    model = SceneModel.read(task.scenes[0])
    pictures = suited_to(model.card, task.source)
    found = []
    with TemporaryDirectory() as folder:
        for kind in KINDS:
            seconds = _SERVED_S if kind.way == RTSP else _LOOPED_S
            path = write(Path(folder), kind.stream, pictures, seconds)
            with _played(kind, path) as (source, server):
                if source:
                    found.append(_measure(task, model, kind, source, server))
    return tuple(found)


def search(attempt: Try, holds: Callable[[LoadResult], bool], most: int) -> dict[int, LoadResult]:
    """Find the most cameras that hold: twice as many until some do not, then between the two.

    Args:
        attempt: Watches so many cameras.
        holds: Whether they held.
        most: Cameras, at most.

    Returns:
        What became of each number that was tried.
    """
    tried: dict[int, LoadResult] = {}
    low, high, count = 0, most + 1, 1
    while low + 1 < high:
        tried[count] = attempt(count)
        low, high = (count, high) if holds(tried[count]) else (low, count)
        count = min(2 * low, most) if high > most else (low + high) // 2
    return tried


def _measure(
    task: Task, model: SceneModel, kind: Kind, source: str, server: CameraServer | None
) -> WatchedCameras:
    plan, settings = task.settings.plan, task.settings
    load = CameraLoad(model, settings.backends[0], settings.threads, kind.fps)
    served: dict[int, float] = {}

    def attempt(count: int) -> LoadResult:
        task.on_progress(f"{kind.name}: {count} cameras at {kind.fps} frames a second")
        before_s = server.cpu_s() if server else 0.0
        result = load.watch([source] * count, plan.watch_s)
        served[count] = (server.cpu_s() - before_s if server else 0.0) / result.whole_s
        return result

    def holds(result: LoadResult) -> bool:
        return result.holds(kind.fps, SHARE, LATEST_MS)

    tried = search(attempt, holds, min(MOST, plan.most_cameras))
    held = max((count for count, result in tried.items() if holds(result)), default=0)
    shown = tried[held or min(tried)]
    return WatchedCameras(
        kind=kind.name,
        fps=kind.fps,
        cameras=held,
        tried=tuple(sorted(tried)),
        slowest_fps=stats.rounded(shown.fps),
        p50_ms=stats.rounded(shown.p50_ms),
        p99_ms=stats.rounded(shown.p99_ms),
        dropped=shown.dropped,
        cores={name: stats.rounded(used) for name, used in shown.cpu.items()},
        server_cores=stats.rounded(served[held or min(tried)]) if server else None,
        contention_cores=shown.contention_cores,
    )


@contextmanager
def _played(kind: Kind, path: Path) -> Iterator[tuple[str, CameraServer | None]]:
    """What is opened for one camera, and what plays it; nothing where this machine cannot."""
    if kind.way == RECORDINGS:
        yield f"{path}?realtime=1&loop=1", None
        return
    server = CameraServer(path)
    try:
        yield (server.url if server.is_there else ""), server
    finally:
        server.close()
