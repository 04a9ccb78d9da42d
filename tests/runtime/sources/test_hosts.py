"""A camera leads to no host that nobody named."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError

import cv2
import numpy as np
import pytest

from edge_vad.errors import EdgeVadError
from edge_vad.sources.feeds.hosts import Hosts, LeadsElsewhere
from edge_vad.sources.feeds.web import OPTIONS, Web, check_rtsp

CAMERA, OTHER = "127.0.0.1", "127.0.0.2"


SDP = (
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.2\r\ns=x\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n"
    b"m=video 5004 RTP/AVP 33\r\n"
)


class Camera:
    """An HTTP server on two addresses; `pages` says what it answers, `asked` what it was asked."""

    def __init__(self) -> None:
        self.pages, self.asked = {}, []
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                host = self.server.server_address[0]
                camera.asked.append((host, self.path, self.headers.get("Authorization")))
                status, headers, body = camera.answer(self)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_): ...

        first = ThreadingHTTPServer((CAMERA, 0), Handler)
        self.port = first.server_port
        self._servers = [first, ThreadingHTTPServer((OTHER, self.port), Handler)]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, request):
        page = self.pages.get(request.path, (404, {}, b""))
        return page(request) if callable(page) else page

    def url(self, path, host=CAMERA, login=""):
        return f"http://{login}{host}:{self.port}{path}"

    def hosts_asked(self):
        return {host for host, _, _ in self.asked}

    def close(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()


@pytest.fixture
def camera():
    made = Camera()
    yield made
    made.close()


def opened(address, allowed=(), timeout_s=60.0):
    return Web(address, timeout_s, Hosts(address, allowed)).open()


def read(address, **more):
    file = opened(address, **more)
    try:
        return file.read(1000)
    finally:
        file.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://cam.evil.example/",
        "http://cam@evil.example/",
        "http://evil.example\\@cam/",
        "file:///etc/passwd",
        "/etc/passwd",
        "ftp://cam/",
        "rtsp://cam/",
        "concat:http://cam/a|http://evil.example/b",
        "http://",
        "http://[",
        "",
    ],
)
def test_what_is_another_host_or_none_is_refused(url):
    with pytest.raises(LeadsElsewhere):
        Hosts("http://cam/live.m3u8").check(url)


@pytest.mark.parametrize(
    "url", ["http://cam/1.ts", "https://CAM:8443/1.ts", "http://cam./", "http://u:p@cam/"]
)
def test_the_named_host_is_taken_at_any_port(url):
    Hosts("http://user:secret@cam:80/live.m3u8").check(url)


def test_other_hosts_may_be_allowed_and_secrets_are_not_told():
    hosts = Hosts("http://user:hunter2@cam/", ["cdn.example"])
    hosts.check("http://CDN.example/1.ts")
    with pytest.raises(LeadsElsewhere) as refused:
        hosts.check("http://evil.example/?token=hunter3")
    assert "hunter" not in str(refused.value)
    assert "evil.example" in str(refused.value)


def test_a_redirection_to_another_host_is_refused_before_anybody_goes_there(camera):
    camera.pages["/"] = 302, {"Location": camera.url("/metrics", OTHER)}, b""
    with pytest.raises(LeadsElsewhere, match=OTHER):
        opened(camera.url("/"))
    assert camera.hosts_asked() == {CAMERA}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "where", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/", "//127.0.0.2/"]
)
def test_no_redirection_leads_to_files_or_elsewhere(camera, status, where):
    camera.pages["/"] = status, {"Location": where}, b""
    with pytest.raises((EdgeVadError, OSError)):
        opened(camera.url("/"))
    assert len(camera.asked) == 1


def test_a_chain_of_redirections_is_refused_at_the_one_that_leads_away(camera):
    camera.pages["/"] = 302, {"Location": "/next"}, b""
    camera.pages["/next"] = 302, {"Location": camera.url("/", OTHER)}, b""
    with pytest.raises(LeadsElsewhere):
        opened(camera.url("/"))
    assert camera.hosts_asked() == {CAMERA}


def test_a_redirection_to_the_same_host_is_followed_and_one_that_was_allowed(camera):
    camera.pages["/"] = 302, {"Location": "/live"}, b""
    camera.pages["/live"] = 302, {"Location": camera.url("/there", OTHER)}, b""
    camera.pages["/there"] = 200, {}, b"picture"
    assert read(camera.url("/"), allowed=[OTHER]) == b"picture"


def test_a_loop_of_redirections_ends(camera):
    camera.pages["/"] = 302, {"Location": "/"}, b""
    with pytest.raises(OSError, match="redirect"):
        opened(camera.url("/"))


def basic(request):
    asked = {"WWW-Authenticate": 'Basic realm="cam"'}
    right = "Basic " + base64.b64encode(b"admin:12#34").decode()
    is_right = request.headers.get("Authorization") == right
    return (200, {}, b"picture") if is_right else (401, asked, b"")


def digest(request):
    asked = {"WWW-Authenticate": 'Digest realm="cam", nonce="n1", qop="auth", algorithm=MD5'}
    said = dict(re.findall(r'(\w+)="?([^",]+)', request.headers.get("Authorization") or ""))
    if not said:
        return 401, asked, b""
    first = hashlib.md5(b"admin:cam:12#34").hexdigest()  # noqa: S324
    second = hashlib.md5(f"GET:{request.path}".encode()).hexdigest()  # noqa: S324
    whole = f"{first}:n1:{said['nc']}:{said['cnonce']}:auth:{second}"
    is_right = hashlib.md5(whole.encode()).hexdigest() == said["response"]  # noqa: S324
    return (200, {}, b"picture") if is_right else (401, asked, b"")


@pytest.mark.parametrize("ask", [basic, digest])
def test_cameras_that_ask_for_a_login_get_it(camera, ask):
    camera.pages["/live?channel=1"] = ask
    assert read(camera.url("/live?channel=1", login="admin:12%2334@")) == b"picture"


def test_a_wrong_password_is_told_by_its_status_after_one_try(camera):
    camera.pages["/"] = basic
    with pytest.raises(HTTPError) as refused:
        opened(camera.url("/", login="admin:wrong@"))
    assert refused.value.code == 401
    refused.value.close()
    assert len(camera.asked) == 2
    assert "wrong" not in str(refused.value)


def test_the_login_is_sent_to_no_other_host(camera):
    camera.pages["/"] = 302, {"Location": camera.url("/there", OTHER)}, b""
    camera.pages["/there"] = basic
    with pytest.raises(HTTPError) as refused:
        opened(camera.url("/", login="admin:12%2334@"), allowed=[OTHER])
    refused.value.close()
    assert [said for host, _, said in camera.asked if host == OTHER] == [None]


def test_a_camera_that_drips_its_answer_is_given_up_in_time():
    with socket.create_server((CAMERA, 0)) as listener:
        over = threading.Event()

        def drip():
            caller = listener.accept()[0]
            with caller, suppress(OSError):
                caller.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(0.05):
                    caller.sendall(b"X: y\r\n")

        dripping = threading.Thread(target=drip)
        dripping.start()
        began = time.monotonic()
        with pytest.raises(OSError, match=r"no whole answer|timed out"):
            opened(f"http://{CAMERA}:{listener.getsockname()[1]}/", timeout_s=0.6)
        assert time.monotonic() - began < 30
        over.set()
        dripping.join()


def rtsp_server(location, listener, asked):
    """Answers OPTIONS, and redirects on DESCRIBE."""
    caller = listener.accept()[0]
    with caller, suppress(OSError):
        for line in caller.makefile("rb"):
            if b" RTSP/1.0" in line:
                asked.append(line)
                is_first = line.startswith(b"OPTIONS")
                said = "200 OK" if is_first else f"302 Moved\r\nLocation: {location}"
                caller.sendall(f"RTSP/1.0 {said}\r\nCSeq: 1\r\n\r\n".encode())


@pytest.mark.parametrize(
    ("location", "is_taken"),
    [
        ("rtsp://127.0.0.2/live", False),
        ("http://127.0.0.1/", False),
        ("rtsp://127.0.0.1:8554/live", True),
        ("/other", True),
    ],
)
def test_an_rtsp_camera_that_leads_to_another_host_is_refused(location, is_taken):
    with socket.create_server((CAMERA, 0)) as listener:
        asked = []
        answering = threading.Thread(target=rtsp_server, args=(location, listener, asked))
        answering.start()
        address = f"rtsp://admin:hunter2@{CAMERA}:{listener.getsockname()[1]}/live"
        if is_taken:
            check_rtsp(address, 60.0, Hosts(address))
        else:
            with pytest.raises(LeadsElsewhere):
                check_rtsp(address, 60.0, Hosts(address))
        answering.join()
    assert b"hunter2" not in b"".join(asked)


def transport_stream(path, frames=20):
    """A second of video as HLS has it."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("mpeg2video", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([number * 10]) * plane.buffer_size)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


def playlist(*segments, more=""):
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n" + more
    lines = "".join(f"#EXTINF:2.0,\n{segment}\n" for segment in segments)
    return (
        200,
        {"Content-Type": "application/vnd.apple.mpegurl"},
        f"{head}{lines}#EXT-X-ENDLIST\n".encode(),
    )


def frames_of(address, allowed=()):
    """How many pictures PyAV gets, asked as `OPTIONS` says."""
    av = pytest.importorskip("av")
    web = Web(address, 60.0, Hosts(address, allowed))
    with av.open(web.open(), options=OPTIONS, io_open=web.io_open) as container:
        return sum(1 for _ in container.decode(video=0))


def test_hls_of_the_same_host_plays(camera, tmp_path):
    camera.pages["/live.m3u8"] = playlist("1.ts", camera.url("/1.ts"))
    camera.pages["/1.ts"] = 200, {"Content-Type": "video/mp2t"}, transport_stream(tmp_path / "1.ts")
    assert frames_of(camera.url("/live.m3u8")) >= 20


@pytest.mark.parametrize(
    "lead",
    [
        lambda other: playlist(other),
        lambda other: playlist("1.ts", more=f'#EXT-X-KEY:METHOD=AES-128,URI="{other}"\n'),
        lambda other: playlist("1.ts", more=f'#EXT-X-MAP:URI="{other}"\n'),
        lambda other: (200, {}, f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{other}\n".encode()),
        lambda other: (200, {}, f"ffconcat version 1.0\nfile {other}\n".encode()),
        lambda other: (
            200,
            {"Content-Type": "application/sdp"},
            SDP,
        ),
    ],
    ids=["segment", "key", "map", "variant", "concat", "sdp"],
)
def test_what_leads_to_another_host_is_refused_before_anybody_goes_there(camera, tmp_path, lead):
    stream = transport_stream(tmp_path / "1.ts")
    camera.pages["/1.ts"] = 200, {"Content-Type": "video/mp2t"}, stream
    camera.pages["/live.m3u8"] = lead(camera.url("/1.ts", OTHER))
    with suppress(EdgeVadError, OSError, ValueError, IndexError):
        frames_of(camera.url("/live.m3u8"))
    assert camera.hosts_asked() == {CAMERA}


def test_a_segment_that_is_redirected_to_another_host_is_not_fetched(camera):
    camera.pages["/live.m3u8"] = playlist("1.ts")
    camera.pages["/1.ts"] = 302, {"Location": camera.url("/1.ts", OTHER)}, b""
    pytest.importorskip("av")
    with suppress(EdgeVadError, OSError, ValueError, IndexError):
        frames_of(camera.url("/live.m3u8"))
    assert camera.hosts_asked() == {CAMERA}


def test_motion_jpeg_and_single_pictures_play(camera):
    picture = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
    part = b"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
    kind = {"Content-Type": "multipart/x-mixed-replace; boundary=cut"}
    camera.pages["/video"] = 200, kind, (part + picture + b"\r\n") * 5
    camera.pages["/snap"] = 200, {"Content-Type": "image/jpeg"}, picture
    assert frames_of(camera.url("/video")) == 5
    assert frames_of(camera.url("/snap")) == 1


def test_a_camera_that_stops_sending_is_given_up_in_time():
    av = pytest.importorskip("av")
    with socket.create_server((CAMERA, 0)) as listener:
        over = threading.Event()

        def stop_sending():
            caller = listener.accept()[0]
            with caller:
                caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n" + bytes(100))
                over.wait(60)

        sending = threading.Thread(target=stop_sending)
        sending.start()
        address = f"http://{CAMERA}:{listener.getsockname()[1]}/"
        web = Web(address, 0.6, Hosts(address))
        file = web.open()
        began = time.monotonic()
        with pytest.raises((OSError, av.FFmpegError)):
            av.open(file, options=OPTIONS, io_open=web.io_open)
        assert time.monotonic() - began < 30
        file.close()
        over.set()
        sending.join()
