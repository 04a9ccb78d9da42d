"""How many cameras a board watches is found by watching them, with what users' cameras send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rtsp_camera import has_rtsp_server, require

from edge_vad.errors import BadInput
from edge_vad.sources import open_source
from edge_vad_bench.benchmark import PARTS
from edge_vad_bench.parts import cameras, formats
from edge_vad_bench.schema import QUICK, BenchmarkSettings
from edge_vad_bench.task import Task
from edge_vad_bench.workloads.camera_load import LoadResult
from edge_vad_bench.workloads.camera_server import CameraServer
from edge_vad_bench.workloads.footage import RATE, Stream, pictures_of, write

SMALL = Stream("sub-stream", 48, 200_000)
SLICED = Stream("sub-stream", 480, 500_000)
"""Its pictures are of several slices, as FFmpeg encodes on several cores."""


@pytest.fixture
def task(tiny_scene: Callable[..., Path], clip: Path) -> Task:
    settings = BenchmarkSettings((), "clip", ("onnxruntime",), 1, QUICK, PARTS)
    return Task((tiny_scene(),), str(clip), settings, None, lambda _: None)


@pytest.mark.parametrize("most", [0, 1, 2, 3, 11, 16, 63, 64, 100])
def test_the_most_cameras_that_hold_are_found_in_few_tries(most: int) -> None:
    def attempt(count: int) -> LoadResult:
        return LoadResult(25.0 if count <= most else 20.0, 10.0, 20.0, 0, {})

    def holds(result: LoadResult) -> bool:
        return result.holds(25.0, 0.98, 100.0)

    tried = cameras.search(attempt, holds, 64)
    held = [count for count, result in tried.items() if holds(result)]
    assert max(held, default=0) == min(most, 64)
    assert len(tried) <= 13


@pytest.mark.parametrize(
    ("fps", "p99_ms", "held"), [(24.5, 99.0, True), (24.4, 99.0, False), (25.0, 101.0, False)]
)
def test_cameras_hold_where_none_is_slow_and_none_late(
    fps: float, p99_ms: float, held: bool
) -> None:
    assert LoadResult(fps, 10.0, p99_ms, 0, {}).holds(25.0, 0.98, 100.0) is held


def test_cameras_are_watched_and_their_cores_counted(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = cameras.Kind(cameras.RECORDINGS, SMALL, 8)
    monkeypatch.setattr(cameras, "KINDS", (kind,))
    (watched,) = cameras.measure_cameras(task)
    assert (watched.kind, watched.fps) == ("recordings sub-stream", 8)
    assert watched.tried[0] == 1
    assert watched.cameras <= max(watched.tried) <= 2
    assert watched.slowest_fps > 0
    assert watched.cores.keys() >= {"capture", "motion", "scoring"}
    assert min(watched.cores.values()) >= 0
    assert watched.server_cores is None


@pytest.mark.parametrize("measure", [cameras.measure_cameras, formats.measure_formats])
def test_footage_of_another_shape_is_an_error_and_no_slow_board(
    task: Task, measure: Callable[[Task], object]
) -> None:
    source = "test://street?size=96x96&frames=8"
    with pytest.raises(BadInput, match="the frames are 96x96"):
        measure(replace(task, source=source))


def test_a_server_plays_what_was_recorded_to_everybody(clip: Path, tmp_path: Path) -> None:
    require(has_rtsp_server(), "GStreamer's RTSP server")
    server = CameraServer(write(tmp_path, SLICED, pictures_of(str(clip)), 60.0))
    try:
        assert server.is_there
        with open_source(server.url) as one, open_source(server.url) as other:
            for source in (one, other):
                frames = [frame for _, frame in zip(range(8), source, strict=False)]
                assert frames[0].image.shape[0] == 480
                assert np.all(np.diff([frame.time_s for frame in frames]) > 0)
        assert server.cpu_s() > 0
    finally:
        server.close()


def test_packets_are_repeated_for_as_long_as_was_asked(clip: Path, tmp_path: Path) -> None:
    path = write(tmp_path, SMALL, pictures_of(str(clip)), 5.0)
    times = [frame.time_s for frame in open_source(path)]
    assert len(times) == 5 * RATE
    assert np.diff(times) == pytest.approx(1 / RATE, abs=1e-4)


def test_every_format_is_timed_by_stage(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAIN", Stream("main stream", 96, 200_000))
    monkeypatch.setattr(formats, "SUB", SMALL)
    rows = formats.measure_formats(task)
    assert [row.name for row in rows] == [f"Picture/{name}" for name in formats.FORMATS]
    for row in rows:
        assert list(row.stages) == ["decode", "convert", "resize"]
        assert sum(each.mean for each in row.stages.values()) <= row.latency.mean * 1.001
