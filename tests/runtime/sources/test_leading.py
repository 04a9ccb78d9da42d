"""A network camera leads no feed to a host that nobody named, and no video unpacks to gigabytes."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest

from edge_vad.errors import BadInput, WrongUse
from edge_vad.sources import open_source
from edge_vad.sources.addresses.address import CameraSpec, parse_camera
from edge_vad.sources.feeds.feed import Feed, FeedLost
from edge_vad.sources.feeds.opencv import OpenCvFeed
from edge_vad.sources.feeds.pyav import PyAvFeed

CAMERA, OTHER = "127.0.0.1", "127.0.0.2"
Page = tuple[int, dict[str, str], bytes]
Pages = Callable[[int], dict[str, Page]]


@contextmanager
def serving(pages: Pages) -> Iterator[tuple[int, set[str]]]:
    """The same pages on two addresses; yields the port, and who was asked."""
    asked: set[str] = set()
    told: dict[str, Page] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.add(str(self.server.server_address[0]))
            status, headers, body = told.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *words: object) -> None: ...

    with ThreadingHTTPServer((CAMERA, 0), Handler) as first:
        port = first.server_port
        told |= pages(port)
        with ThreadingHTTPServer((OTHER, port), Handler) as second:
            threads = [
                threading.Thread(target=each.serve_forever, args=(0.05,))
                for each in (first, second)
            ]
            for each in threads:
                each.start()
            try:
                yield port, asked
            finally:
                first.shutdown()
                second.shutdown()
                for each in threads:
                    each.join()


def video(path: Path, *, height: int = 48, width: int = 64, form: str = "mpegts") -> bytes:
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream("mpeg2video" if form == "mpegts" else "mjpeg", rate=10)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p" if form == "mpegts" else "yuvj420p"
        for number in range(12 if form == "mpegts" else 2):
            frame = av.VideoFrame(width, height, stream.pix_fmt)
            for plane in frame.planes:
                plane.update(bytes([number * 10]) * plane.buffer_size)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


def camera(text: str) -> CameraSpec:
    spec = parse_camera(text)
    assert spec is not None
    return spec


def read(feed: Feed, count: int = 3) -> None:
    try:
        for _ in range(count):
            assert feed.read(None).shape == (48, 64, 3)
    finally:
        feed.close()


def hls(segment: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\n{segment}\n#EXT-X-ENDLIST\n".encode()


def test_a_playlist_leads_a_feed_nowhere_else_unless_that_is_allowed(tmp_path: Path) -> None:
    def pages(port: int) -> dict[str, Page]:
        return {
            "/own.m3u8": (200, {}, hls("1.ts")),
            "/other.m3u8": (200, {}, hls(f"http://{OTHER}:{port}/1.ts")),
            "/1.ts": (200, {}, video(tmp_path / "1.ts")),
        }

    with serving(pages) as (port, asked):
        read(PyAvFeed(camera(f"http://{CAMERA}:{port}/own.m3u8"), 60.0))
        with pytest.raises(FeedLost) as lost:
            read(PyAvFeed(camera(f"http://{CAMERA}:{port}/other.m3u8"), 60.0))
        assert asked == {CAMERA}
        assert lost.value.patience_s >= 60
        allowed = f"http://{CAMERA}:{port}/other.m3u8#hosts=cdn.example,{OTHER}"
        read(PyAvFeed(camera(allowed), 60.0))


@pytest.mark.parametrize("feed", [PyAvFeed, OpenCvFeed])
def test_a_redirection_leads_no_feed_to_another_host(
    feed: Callable[[CameraSpec, float], Feed], tmp_path: Path
) -> None:
    def pages(port: int) -> dict[str, Page]:
        return {
            "/live": (302, {"Location": f"http://{OTHER}:{port}/1.ts"}, b""),
            "/1.ts": (200, {}, video(tmp_path / "1.ts")),
        }

    with serving(pages) as (port, asked):
        with pytest.raises(FeedLost, match=r"127\.0\.0\.2.*#hosts=") as lost:
            feed(camera(f"http://admin:hunter2@{CAMERA}:{port}/live"), 60.0)
        assert asked == {CAMERA}
    assert lost.value.patience_s >= 60
    assert "hunter2" not in str(lost.value)


def test_an_rtsp_camera_leads_no_feed_to_another_host() -> None:
    def answer(listener: socket.socket) -> None:
        caller = listener.accept()[0]
        with caller, suppress(OSError):
            for line in caller.makefile("rb"):
                if b" RTSP/1.0" in line:
                    moved = f"302 Moved\r\nLocation: rtsp://{OTHER}/live"
                    said = "200 OK" if line.startswith(b"OPTIONS") else moved
                    caller.sendall(f"RTSP/1.0 {said}\r\nCSeq: 1\r\n\r\n".encode())

    with socket.create_server((CAMERA, 0)) as listener:
        answering = threading.Thread(target=answer, args=(listener,))
        answering.start()
        with pytest.raises(FeedLost, match=r"127\.0\.0\.2") as lost:
            PyAvFeed(camera(f"rtsp://{CAMERA}:{listener.getsockname()[1]}/live"), 60.0)
        answering.join()
    assert lost.value.patience_s >= 60


def test_a_playlist_from_what_is_no_web_camera_is_not_followed() -> None:
    def answer(listener: socket.socket, port: int) -> None:
        caller = listener.accept()[0]
        with caller, suppress(OSError):
            caller.sendall(hls(f"http://{OTHER}:{port}/1.ts"))

    with serving(lambda _: {}) as (port, asked), socket.create_server((CAMERA, 0)) as listener:
        answering = threading.Thread(target=answer, args=(listener, port))
        answering.start()
        with pytest.raises(FeedLost):
            PyAvFeed(camera(f"tcp://{CAMERA}:{listener.getsockname()[1]}"), 60.0)
        answering.join()
        assert not asked


@pytest.mark.parametrize("hosts", ["", "a,,b", "http://a", "a/b"])
def test_hosts_that_are_none_are_refused(hosts: str) -> None:
    with pytest.raises(WrongUse, match="hosts"):
        parse_camera(f"rtsp://cam/s#hosts={hosts}")


def test_pictures_that_would_unpack_to_gigabytes_are_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "huge.mkv"
    video(path, height=8200, width=8200, form="matroska")
    with pytest.raises(BadInput), open_source(path) as source:
        list(source)


@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_what_is_no_plain_file_is_no_video(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "clip.mp4"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(BadInput, match="cannot be read as a video"):
        open_source(path)
