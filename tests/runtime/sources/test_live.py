"""Cameras: real RTSP, faults, and recordings played like cameras."""

from __future__ import annotations

import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from rtsp_camera import RtspCamera

from edge_vad.errors import Unavailable
from edge_vad.sources import SourceState, open_source
from edge_vad.sources.addresses.spec import parse_spec
from edge_vad.sources.capture.capture import GAP
from edge_vad.sources.live_source import LiveSource


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """A server that answers everybody with the same bytes, or with silence."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop, open_ones = threading.Event(), []

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                open_ones.append(connection)
                if answer is not None:
                    with suppress(OSError):  # whoever asked may have left
                        connection.sendall(answer)
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            stop.set()
            thread.join()
            for each in open_ones:
                each.close()


def test_a_camera_is_seen_with_its_age_and_without_its_password(
    rtsp: RtspCamera, caplog: pytest.LogCaptureFixture
) -> None:
    with open_source(rtsp.url) as source:
        assert source.is_live
        for _, frame in zip(range(10), source, strict=False):
            assert frame.image.shape == (128, 192, 3)
            assert 0 <= time.monotonic() - frame.time_s < 30.0
        assert source.state is SourceState.LIVE
        assert source.fps == pytest.approx(8, rel=0.3)
    assert "hunter2" not in f"{source.name} {source!r} {caplog.text}"


def test_a_camera_that_is_killed_and_revived_is_seen_again(
    rtsp: RtspCamera, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with open_source(rtsp.url) as source:
        frames = iter(source)
        before = next(frames)
        rtsp.kill()
        time.sleep(1.5)
        rtsp.revive()
        revived = time.monotonic()
        after = next(frame for frame in frames if frame.index > before.index + GAP)
        assert time.monotonic() - revived < 30.0
        assert source.state is SourceState.LIVE
        assert after.time_s >= revived
    assert "no signal" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_camera_that_stalls_without_closing_is_no_signal(rtsp: RtspCamera) -> None:
    source = LiveSource(parse_spec(rtsp.url), timeout_s=1.0)
    with source:
        frames = iter(source)
        next(frames)
        rtsp.stall()
        watcher = threading.Thread(target=lambda: list(frames))
        watcher.start()
        deadline = time.monotonic() + 120
        while source.state is not SourceState.NO_SIGNAL and time.monotonic() < deadline:
            time.sleep(0.05)
        assert source.state is SourceState.NO_SIGNAL
    watcher.join(120)
    assert not watcher.is_alive()


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
@pytest.mark.parametrize("answer", [b"\x00garbage\xff" * 4000, None], ids=["garbage", "silence"])
def test_a_camera_that_talks_nonsense_or_nothing_is_left_at_once(
    scheme: str, answer: bytes | None
) -> None:
    with listening(answer) as port:
        spec = parse_spec(f"{scheme}://admin:hunter2@127.0.0.1:{port}/live")
        source = LiveSource(spec, timeout_s=600.0)
        ending = threading.Timer(0.5, source.close)
        began = time.monotonic()
        ending.start()
        assert list(source) == []
        assert source.state is not SourceState.LIVE
        ending.join()
        assert time.monotonic() - began < 60.0


def test_a_usb_camera_that_is_not_there_is_tried_again_until_stopped() -> None:
    source = open_source("/dev/video99")
    threading.Timer(0.5, source.close).start()
    assert list(source) == []


def test_without_gstreamer_a_csi_camera_is_refused_with_the_mend() -> None:
    with open_source("csi://0") as source, pytest.raises(Unavailable, match="GStreamer"):
        next(iter(source))


def test_a_recording_plays_at_the_pace_of_a_camera(
    tmp_path: Path, video: Callable[..., Path]
) -> None:
    path = video(tmp_path / "street.avi", 25)
    began = time.monotonic()
    with open_source(f"{path}?realtime=1") as source:
        frames = list(source)
    assert 0.8 <= time.monotonic() - began < 30.0
    assert frames[-1].index == 24
    assert source.state is SourceState.ENDED


def test_a_recording_that_begins_again_leaves_out_numbers(
    tmp_path: Path, video: Callable[..., Path]
) -> None:
    path = video(tmp_path / "street.avi", 5)
    with open_source(f"{path}?realtime=1&loop=1") as source:
        indices = [frame.index for _, frame in zip(range(8), source, strict=False)]
    jumps = [after - before for before, after in itertools.pairwise(indices)]
    assert max(jumps) > GAP


def test_a_recording_that_breaks_off_ends_where_it_does(
    tmp_path: Path, video: Callable[..., Path]
) -> None:
    path = video(tmp_path / "street.avi", 50)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with open_source(f"{path}?realtime=1") as source:
        assert list(source)
