"""How time grows with cameras and with the window of motion."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from edge_vad.backends import load_backend
from edge_vad.errors import BadInput
from edge_vad.frame import Frame
from edge_vad.motion.dynamic_flow import DynamicFlow, Pooling
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import Detector
from edge_vad.sources import open_source
from edge_vad_bench import stats
from edge_vad_bench.schema import Growth

CAMERAS = (1, 2, 4, 8, 16, 32)
WINDOWS = (5, 10, 20, 40)

LINEAR, CONSTANT = 1.1, 0.05
"""Exponents up to which growth counts as linear, and as none: with room for noise."""

OF_CAMERAS = "a frame of every camera, from resizing to decision"
OF_WINDOWS = "pooling of one flow field, mean and rank side by side"
"""What is timed."""

_FRAMES = 6

Work = Callable[[], object]


def measure_growths(
    path: Path, source: str, threads: int, on_progress: Callable[[str], None]
) -> tuple[Growth, ...]:
    """Measure how time grows with the number of cameras, and with T.

    Args:
        path: The scene model.
        source: Where some frames are taken from, decoded beforehand.
        threads: CPU threads of the backend.
        on_progress: Called with what is being done.

    Raises:
        BadInput: The source holds too few frames.
    """
    model = SceneModel.read(path)
    on_progress("growth with cameras")
    cameras = grow(
        "cameras",
        _cameras(model, source, threads),
        limit=LINEAR,
        of=OF_CAMERAS,
        rounds=6,
    )
    on_progress("growth with the window of motion")
    rows, columns = (side // model.card.motion.downscale for side in _size(model))
    windows = grow(
        "window T",
        {size: _pooling(rows, columns, size) for size in WINDOWS},
        limit=CONSTANT,
        of=OF_WINDOWS,
        rounds=60,
    )
    return cameras, windows


def grow(quantity: str, works: Mapping[int, Work], *, limit: float, of: str, rounds: int) -> Growth:
    """Time pieces of work in turns, and fit the exponent of their growth.

    Args:
        quantity: What differs between them.
        works: Its size to the work.
        limit: What the exponent should not exceed.
        of: What is timed.
        rounds: How often each is done.
    """
    times: dict[int, list[float]] = {size: [] for size in works}
    for work in works.values():
        work()
    for turn in range(rounds):
        for size in _turned(list(works), turn):
            started = time.perf_counter()
            works[size]()
            times[size].append((time.perf_counter() - started) * 1000)
    medians = [stats.rounded(float(np.median(each))) for each in times.values()]
    return Growth(
        quantity=quantity,
        sizes=tuple(map(float, works)),
        milliseconds=tuple(medians),
        exponent=round(stats.exponent(list(works), medians), 3),
        limit=limit,
        of=of,
    )


def _turned(sizes: Sequence[int], turn: int) -> list[int]:
    start = turn % len(sizes)
    return [*sizes[start:], *sizes[:start]]


def _size(model: SceneModel) -> tuple[int, int]:
    return model.card.height, model.card.width


def _cameras(model: SceneModel, source: str, threads: int) -> dict[int, Work]:
    backend = load_backend(model, threads=threads)
    with open_source(source) as footage:
        frames = list(islice(footage, _FRAMES))
    if len(frames) < 2:
        raise BadInput(f"{footage.name} holds only {len(frames)} frames", "give more footage")
    detectors = [Detector(model, backend) for _ in range(max(CAMERAS))]
    played = cycle(frames)  # by all, for the same frame twice has no flow to be measured
    return {count: _step(detectors[:count], played) for count in CAMERAS}


def _step(detectors: Sequence[Detector], played: Iterator[Frame]) -> Work:
    def step() -> None:
        frame = next(played)
        for detector in detectors:
            detector.detect(frame)

    step()  # the first frame has no motion
    return step


def _pooling(rows: int, columns: int, window: int) -> Work:
    pool = DynamicFlow(rows, columns, window, Pooling.RANK)
    field = np.random.default_rng(0).normal(0, 1, (2, rows, columns)).astype(np.float32)
    for _ in range(window):
        pool.push(field)
    return lambda: pool.push(field)
