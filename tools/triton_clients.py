"""Cameras whose frames a backend scores, many at a time, and whether every score is right."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edge_vad.backends import AnyInput, CameraHandle, CameraInput, load_backend
from edge_vad.errors import ServerAway
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.preparation import FramePreparer
from edge_vad.sources import open_source

CLOSE = 1e-5
_FRAMES = 24


class Load(NamedTuple):
    """What one process does.

    Attributes:
        scene: The scene model.
        backend: Its name or address.
        cameras: How many, each with a thread and a backend of its own.
        rate: Frames a second of each; as quick as it can when 0.
        seconds: How long.
        frames: How many of each, at most; no limit when 0.
        sign: File that is made once all of them score; none where it is empty.
    """

    scene: str
    backend: str
    cameras: int
    rate: float = 0.0
    seconds: float = 1e9
    frames: int = 0
    sign: str = ""


class Outcome(NamedTuple):
    """What became of the frames.

    Attributes:
        counts: Frames that were right, wrong, not judged as motion was not known, or not scored as
            the server was away; cameras, and how many of them were without it and score again.
        times: Seconds of each that was scored.
        cpu_s: Seconds that the processes computed for those, all threads together; means something
            where a process has one camera.
    """

    counts: Counter[str]
    times: list[float]
    cpu_s: float = 0.0


class Camera:
    """One camera: a picture after the other, scored by a backend and by this machine.

    Args:
        model: The scene model.
        load: What is to be done.
        number: Of the camera.
    """

    def __init__(self, model: SceneModel, load: Load, number: int) -> None:
        self._model, self._load, self._number = model, load, number
        self._backend = load_backend(model, load.backend, threads=1)
        self._backend.may_wait = False
        self._frames, self._handle = _prepared(model), CameraHandle()
        inside = model.card.motion_inside is not None
        self._twin = load_backend(model, threads=1)
        self._expected = None if inside else [self._twin.infer(each) for each in self._frames]
        self._twins_handle = CameraHandle()
        self.counts: Counter[str] = Counter()
        self.times: list[float] = []
        self.cpu_s = 0.0

    def run(self, begin: threading.Barrier) -> None:
        """Score until the time is over, or all frames are."""
        begin.wait()
        began, count, is_away = time.monotonic(), 0, False
        while time.monotonic() - began < self._load.seconds:
            if self._load.frames and count >= self._load.frames:
                break
            self._wait_until(began, count)
            try:
                self._score(count)
                is_away = False
            except ServerAway:
                self.counts["away"] += 1
                is_away = True
            count += 1
        self.counts["cameras"] = 1
        self.counts["recovered"] = int(self.counts["away"] > 0 and not is_away)
        self._backend.close()

    def _wait_until(self, began: float, count: int) -> None:
        if self._load.rate:
            at = began + (count + self._number / 32) / self._load.rate
            time.sleep(max(0.0, at - time.monotonic()))

    def _score(self, count: int) -> None:
        given = self._given(count, self._handle, reset=count == 0)
        began, computed = time.perf_counter(), time.process_time()
        found = self._backend.infer(given)
        self.times.append(time.perf_counter() - began)
        self.cpu_s += time.process_time() - computed
        if self._expected:
            expected = self._expected[count % _FRAMES]
        else:  # a camera that begins anew does so on this machine, too
            known = bool(found.motion_known is not None and found.motion_known[0])
            again = self._given(count, self._twins_handle, reset=not known)
            expected = self._twin.infer(again)
            if not known:
                self.counts["motion not known"] += 1
                return
        error = np.abs(found.score - expected.score) / np.maximum(1, np.abs(expected.score))
        self.counts["right" if float(error.max()) <= CLOSE else "wrong"] += 1

    def _given(self, count: int, handle: CameraHandle, *, reset: bool) -> AnyInput:
        frame = self._frames[(count + self._number * bool(not self._expected)) % _FRAMES]
        if isinstance(frame, CameraInput):
            return frame._replace(reset=np.array([reset]), cameras=(handle,))
        return frame


def watch(loads: Sequence[Load]) -> Outcome:
    """Do all of it, a process each, and put together what became of it."""
    with ProcessPoolExecutor(len(loads), get_context("spawn")) as pool:
        found = list(pool.map(_watch, loads))
    return Outcome(
        sum((each.counts for each in found), Counter()),
        [time_s for each in found for time_s in each.times],
        sum(each.cpu_s for each in found),
    )


def milliseconds(found: Outcome) -> dict[str, float]:
    """The median and the 99th percentile."""
    middle, high = np.percentile(np.array(found.times) * 1e3, [50, 99])
    return {"p50": round(float(middle), 3), "p99": round(float(high), 3)}


def _watch(load: Load) -> Outcome:
    model = SceneModel.read(load.scene)
    cameras = [Camera(model, load, number) for number in range(load.cameras)]
    begin = threading.Barrier(load.cameras + 1)
    threads = [threading.Thread(target=each.run, args=(begin,)) for each in cameras]
    for each in threads:
        each.start()
    begin.wait()
    if load.sign:
        Path(load.sign).touch()
    for each in threads:
        each.join()
    counts = sum((each.counts for each in cameras), Counter())
    times = [time_s for each in cameras for time_s in each.times]
    return Outcome(counts, times, sum(each.cpu_s for each in cameras))


def _prepared(model: SceneModel) -> list[AnyInput]:
    """Frames of a street, as the graph takes them."""
    card = model.card
    street = f"test://street?seed=9&size={card.width}x{card.height}&frames={_FRAMES}"
    preparer, taken = FramePreparer(card), []
    with open_source(street) as source:
        for frame in source:
            inputs = preparer.prepare(frame, 1.0).inputs
            taken.append(inputs.copied())
    return taken
