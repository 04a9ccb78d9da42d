"""Many cameras watched at once for a while, by the live loop of `edge-vad run`."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_vad.backends import load_backend
from edge_vad.detection import Detection
from edge_vad.live.camera_pipeline import CameraPipeline, CameraPlan
from edge_vad.live.loop import LiveLoop
from edge_vad.opencv import cv2
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.scorer import Scorer
from edge_vad.sinks.base import Sink
from edge_vad.sources.addresses.spec import parse_spec
from edge_vad_bench.measure.cpu_contention import CpuContention

_SETTLING_S = 30.0
"""What cameras may take to connect, and to have their rate known."""
_LEAST_BEFORE_S = 1.0
_GROUPS = {"capture": "capture", "motion": "motion", "MainThread": "scoring"}
"""First word of a thread's name to what it does."""
OTHERS = "other threads"
_NEVER_MS = 1e6
"""In place of infinity, which JSON has not."""


@dataclass(frozen=True)
class LoadResult:
    """What became of cameras that were watched at once.

    Attributes:
        fps: Frames a second that were scored of the slowest camera.
        p50_ms: From capture to decision, median of the frames of all.
        p99_ms: The same, 99 in 100.
        dropped: Frames that came and were not scored as a newer one came.
        cpu: Cores used by this process, by what its threads do.
        whole_s: How long it took in all, with connecting, s.
        contention_cores: Cores that other processes used; None where the system does not tell.
    """

    fps: float
    p50_ms: float
    p99_ms: float
    dropped: int
    cpu: dict[str, float]
    whole_s: float = 1.0
    contention_cores: float | None = None

    @property
    def cores(self) -> float:
        """Cores used by this process."""
        return sum(self.cpu.values())

    def holds(self, fps: float, share: float, latest_ms: float) -> bool:
        """Whether no camera was scored at less than this share of `fps`, and none late."""
        return self.fps >= share * fps and self.p99_ms <= latest_ms


class CameraLoad:
    """Watches cameras for a while.

    Args:
        model: The scene of all.
        backend: Name of what runs it.
        threads: CPU threads of the backend.
        fps: Frames a second to be scored of each.
    """

    def __init__(self, model: SceneModel, backend: str, threads: int, fps: float) -> None:
        self._model, self._backend, self._threads, self._fps = model, backend, threads, fps

    def watch(self, sources: Sequence[str], seconds: float) -> LoadResult:
        """Watch one camera a source, and measure once all of them are scored.

        Args:
            sources: What `edge-vad run` takes.
            seconds: How long is measured.

        Raises:
            EdgeVadError: A source cannot be opened.
        """
        with ExitStack() as undo:
            undo.enter_context(_opencv_threads_kept())
            backend = load_backend(self._model, self._backend, threads=self._threads)
            scorer = Scorer(self._model, backend)
            undo.callback(scorer.close)
            loop = LiveLoop([self._pipeline(*each) for each in enumerate(sources)], [scorer])
            meter, began_s = _Meter(loop, len(sources), seconds), time.monotonic()
            contention = CpuContention()
            loop.run([meter], _SETTLING_S + seconds)
            return replace(
                meter.result(),
                whole_s=time.monotonic() - began_s,
                contention_cores=contention.cores(),
            )

    def _pipeline(self, number: int, source: str) -> CameraPipeline:
        plan = CameraPlan(f"camera{number}", parse_spec(source), self._model, fps=self._fps)
        return CameraPipeline(plan)


class _Meter(Sink):
    """Counts frames and their age from when every camera is scored, and then ends the run."""

    name = "meter"

    def __init__(self, loop: LiveLoop, cameras: int, seconds: float) -> None:
        self._loop, self._cameras, self._seconds = loop, cameras, seconds
        self._seen: dict[str, float] = {}
        self._began_s: float | None = None
        self._lasted_s = 0.0
        self._counts: Counter[str] = Counter()
        self._ages_s: list[float] = []
        self._cpu: dict[str, float] = {}
        self._dropped = 0

    def frame(self, camera: str, detection: Detection) -> None:
        """See `Sink.frame`."""
        now = time.monotonic()
        if self._began_s is None:
            self._seen.setdefault(camera, now)
            if (
                len(self._seen) == self._cameras
                and now - max(self._seen.values()) > _LEAST_BEFORE_S
            ):
                self._began_s, self._cpu, self._dropped = now, _cpu_s(), self._drops()
            return
        if self._lasted_s:
            return
        self._counts[camera] += 1
        self._ages_s.append(now - detection.frame.time_s)
        if now - self._began_s >= self._seconds:
            self._end(now - self._began_s)

    def result(self) -> LoadResult:
        """What was measured; nothing holds where not all cameras came."""
        if not self._lasted_s:
            return LoadResult(0.0, _NEVER_MS, _NEVER_MS, self._drops(), {})
        ages_ms = np.array(self._ages_s) * 1000
        slowest = min(self._counts.values()) if len(self._counts) == self._cameras else 0
        cpu = {name: spent / self._lasted_s for name, spent in self._cpu.items()}
        p50, p99 = (float(np.percentile(ages_ms, share)) for share in (50, 99))
        return LoadResult(slowest / self._lasted_s, p50, p99, self._dropped, cpu)

    def _end(self, lasted_s: float) -> None:
        after = _cpu_s()
        # Threads are read one after the other: what is left over may seem to shrink.
        self._cpu = {name: max(after[name] - self._cpu.get(name, 0.0), 0.0) for name in after}
        self._dropped = self._drops() - self._dropped
        self._lasted_s = lasted_s
        self._loop.stop()

    def _drops(self) -> int:
        return sum(each.dropped for each in self._loop.status())


def _cpu_s() -> dict[str, float]:
    """CPU time of this process so far, by what its threads do; seconds."""
    spent: defaultdict[str, float] = defaultdict(float)
    for thread in threading.enumerate():
        group = _GROUPS.get(thread.name.partition(" ")[0].partition("_")[0])
        if group and thread.native_id:
            spent[group] += _thread_s(thread.native_id)
    spent[OTHERS] = max(0.0, time.process_time() - sum(spent.values()))
    return dict(spent)


def _thread_s(number: int) -> float:
    """CPU time of a thread of this process; 0 where it has ended."""
    try:
        text = Path(f"/proc/self/task/{number}/schedstat").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(text.split()[0]) / 1e9


@contextmanager
def _opencv_threads_kept() -> Iterator[None]:
    """The loop has OpenCV use one thread; what is measured after it has its own number."""
    before = cv2.getNumThreads()
    try:
        yield
    finally:
        cv2.setNumThreads(before)
