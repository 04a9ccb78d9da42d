"""Network cameras through PyAV: transports, single pictures, refusals and what is not converted."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from free_port import free_port
from rtsp_camera import RtspCamera

from edge_vad.errors import WrongUse
from edge_vad.sources import open_source
from edge_vad.sources.addresses.address import CameraSpec, parse_camera
from edge_vad.sources.capture.capture import Capture
from edge_vad.sources.capture.newest import NewestFrame
from edge_vad.sources.feeds.feed import Feed, FeedEnded, FeedLost
from edge_vad.sources.feeds.pyav import PyAvFeed

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[int]:
    """A web camera; `answer` writes what it sends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *words: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def camera(text: str) -> CameraSpec:
    spec = parse_camera(text)
    assert spec is not None
    return spec


def jpeg(level: int) -> bytes:
    picture = np.full((48, 64, 3), level, np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1])


def send(handler: BaseHTTPRequestHandler, body: bytes, kind: str, code: int = 200) -> None:
    handler.send_response(code)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_camera_sends_as_its_address_says(rtsp: RtspCamera, transport: str) -> None:
    with open_source(f"{rtsp.url}#transport={transport}&max_delay=100000") as source:
        times = [frame.time_s for _, frame in zip(range(8), source, strict=False)]
    assert len(times) == 8
    assert times == sorted(times)


def test_what_follows_the_number_sign_is_not_sent_to_the_camera() -> None:
    spec = camera("http://cam/live?channel=1#fps=2&user_agent=edge-vad")
    assert (spec.address, spec.fps) == ("http://cam/live?channel=1", 2.0)
    assert spec.options == (("user_agent", "edge-vad"),)


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://admin:12#34secret@cam/s",
        "rtsp://cam/s#transport=secret",
        "rtsp://cam/s#protocol_whitelist=file",
        "rtsp://cam/s#buffer_size=1&buffer_size=2",
        "rtsp://cam/s#secret",
    ],
)
def test_options_that_are_none_are_refused_without_repeating_secrets(text: str) -> None:
    with pytest.raises(WrongUse, match="%23") as caught:
        parse_camera(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["rtmp://host/live", "srt://host:9000?mode=caller", "udp://@:5000", "udp://239.0.0.1:5"]
)
def test_what_else_ffmpeg_speaks_is_a_camera(text: str) -> None:
    assert camera(text).address == text


def encoded(path: Path, sizes: list[tuple[int, int]], form: str, count: int = 10) -> bytes:
    """Streams of ten pictures a second, one after the other."""
    whole = b""
    for size in sizes:
        with av.open(str(path), "w", format=form) as container:
            video = container.add_stream("libx264", rate=10, options={"tune": "zerolatency"})
            video.height, video.width, video.pix_fmt = *size, "yuv420p"
            video.gop_size = 5
            for level in range(count):
                image = np.full((*size, 3), 2 * level % 250, np.uint8)
                container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
            container.mux(video.encode())
        whole += path.read_bytes()
    return whole


def test_a_camera_that_sends_to_this_machine_is_seen(tmp_path: Path) -> None:
    port, stop = free_port(socket.SOCK_DGRAM), threading.Event()
    content = encoded(tmp_path / "a.ts", [(48, 64)], "mpegts", count=300)

    def stream() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for at in range(0, len(content), 1316):
                sender.sendto(content[at : at + 1316], ("127.0.0.1", port))
                if stop.wait(0.02):
                    return

    sender = threading.Thread(target=stream)
    sender.start()
    try:
        feed = PyAvFeed(camera(f"udp://127.0.0.1:{port}"), 60.0)
        stamps = [feed.grab() for _ in range(5)]
        assert feed.retrieve(None).shape == (48, 64, 3)
        assert np.diff(np.array(stamps)) == pytest.approx(0.1, abs=0.01)
        feed.close()
    finally:
        stop.set()
        sender.join()


def test_single_pictures_are_asked_for_again_and_again() -> None:
    asked: list[float] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(time.monotonic())
        send(handler, jpeg(len(asked) * 10 % 250), "image/jpeg")

    with serving(answer) as port, open_source(f"http://127.0.0.1:{port}/snap.jpg#fps=5") as source:
        frames = [frame for _, frame in zip(range(6), source, strict=False)]
    levels = [int(frame.image.mean()) for frame in frames]
    assert levels == sorted(set(levels))
    assert {frame.take for frame in frames} == {0}  # one connection, as far as anybody sees
    assert 0.15 < np.median(np.diff(asked)) < 10.0  # later on a machine that others use


def test_a_broken_single_picture_is_never_handed_out() -> None:
    cut = jpeg(90)[:200]
    with (
        serving(lambda handler: send(handler, cut, "image/jpeg")) as port,
        pytest.raises(FeedLost),
        closing(PyAvFeed(camera(f"http://127.0.0.1:{port}/snap.jpg"), 1.0)) as feed,
    ):
        feed.read(None)


def test_a_stream_of_pictures_by_http_is_seen_at_the_pace_at_which_it_comes() -> None:
    sent: list[float] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        for at in range(100):
            picture = jpeg(at)
            sent.append(time.monotonic())
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            try:
                handler.wfile.write(head.encode() + picture + b"\r\n")
            except OSError:
                return
            time.sleep(0.1)

    with serving(answer) as port, open_source(f"http://127.0.0.1:{port}/video") as source:
        frames = [frame for _, frame in zip(range(40), source, strict=False)]
    came = [frame.time_s for frame in frames[30:]]
    meanwhile = [at for at in sent if came[0] - 1 < at < came[-1]]
    assert np.median(np.diff(came)) == pytest.approx(np.median(np.diff(meanwhile)), rel=0.3)


@pytest.mark.parametrize(
    ("code", "said", "patience"),
    [(401, "refuses the login", True), (403, "refuses access", True), (404, "nothing", False)],
)
def test_refusals_are_told_apart_and_a_login_is_not_tried_again_at_once(
    code: int, said: str, patience: bool
) -> None:
    with (
        serving(lambda handler: send(handler, b"no", "text/plain", code)) as port,
        pytest.raises(FeedLost, match=said) as caught,
    ):
        PyAvFeed(camera(f"http://admin:hunter2@127.0.0.1:{port}/live"), 1.0)
    assert "hunter2" not in str(caught.value)
    assert (caught.value.patience_s > 30) is patience
    with pytest.raises(FeedLost, match="refuses the connection"):
        PyAvFeed(camera(f"http://127.0.0.1:{free_port()}/live"), 1.0)


def test_a_stream_that_changes_its_size_keeps_no_picture_of_the_old_one(tmp_path: Path) -> None:
    both = encoded(tmp_path / "part.h264", [(48, 64), (64, 64)], "h264")
    with serving(lambda handler: send(handler, both, "video/h264")) as port:
        feed = PyAvFeed(camera(f"http://127.0.0.1:{port}/live"), 1.0)
        shapes = [feed.read(None).shape[:2] for _ in range(20)]
        with pytest.raises(FeedLost, match="stopped sending"):
            feed.read(None)
        feed.close()
    assert shapes == [(48, 64)] * 10 + [(64, 64)] * 10


class Counting(Feed):
    """Twenty-five pictures a second, and how many of them were converted."""

    fps, is_fps_certain = 25.0, True
    converted = 0
    skipped = 3

    def __init__(self) -> None:
        self._at = -1

    def grab(self) -> float:
        self._at += 1
        if self._at == 100:
            raise FeedEnded
        return self._at / 25

    def retrieve(self, spare: object) -> np.ndarray:
        Counting.converted += 1
        return np.zeros((4, 4, 3), np.uint8)


def test_frames_that_nobody_scores_are_not_converted(caplog: pytest.LogCaptureFixture) -> None:
    Counting.converted = 0
    capture = Capture("gate", Counting, NewestFrame(), fps=8.0, clock=False)
    capture.start()
    assert capture.join(120)
    assert Counting.converted == 32
    assert capture.skipped == 3
    assert "gate: 3 pictures could not be decoded whole" in caplog.text
