"""The part `formats`: what comes before scoring, by what cameras send."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from edge_vad.scene_model import SceneCard, SceneModel
from edge_vad_bench.measure.interleaved_runner import InterleavedRunner
from edge_vad_bench.measure.stopwatch import Stopwatch
from edge_vad_bench.schema import BenchmarkRow
from edge_vad_bench.task import Task
from edge_vad_bench.workloads.footage import MAIN, SUB, suited_to, write
from edge_vad_bench.workloads.formats import (
    JPEG_HEIGHT,
    YUYV_HEIGHT,
    JpegPictures,
    PictureWorkload,
    VideoPictures,
    YuyvPictures,
)

GROUP = "formats"
_SECONDS = 20.0

FORMATS = (
    f"H.264 {MAIN.height}p",
    f"H.264 {MAIN.height}p scaled",
    f"H.264 {SUB.height}p",
    f"JPEG {JPEG_HEIGHT}p",
    f"YUYV {YUYV_HEIGHT}p",
)
"""Names of what is measured."""


def measure_formats(task: Task) -> tuple[BenchmarkRow, ...]:
    """Measure how long a picture of each format takes until it has the scene's size.

    Raises:
        BadInput: The source holds too few frames.
        Unavailable: Nothing here makes H.264.
    """
    card, watch = SceneModel.read(task.scenes[0]).card, Stopwatch()
    task.on_progress("making footage of every format")
    with TemporaryDirectory() as folder, ExitStack() as opened:
        workloads = [
            opened.enter_context(closing(each)) for each in _workloads(task, card, Path(folder))
        ]
        runner = InterleavedRunner(task.settings.plan, watch)
        return runner.measure(GROUP, workloads, task.on_progress)


def _workloads(task: Task, card: SceneCard, folder: Path) -> Iterator[PictureWorkload]:
    pictures = suited_to(card, task.source)
    main, sub = (write(folder, stream, pictures, _SECONDS) for stream in (MAIN, SUB))
    yield VideoPictures(FORMATS[0], card, main)
    yield VideoPictures(FORMATS[1], card, main, (card.width, card.height))
    yield VideoPictures(FORMATS[2], card, sub)
    yield JpegPictures(FORMATS[3], card, pictures)
    yield YuyvPictures(FORMATS[4], card, pictures)
