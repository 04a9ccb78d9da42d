"""edge-vad record, as it is typed: what is recorded of each kind of source, and what is said."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from rtsp_camera import RtspCamera

from edge_vad.errors import Unavailable
from edge_vad.motion.pace import at_pace
from edge_vad.record import limits, recorder
from edge_vad.sources import open_source
from edge_vad.sources.feeds.feed import Feed, FeedLost

Command = Callable[..., Any]
Video = Callable[..., Path]
EVEN = [index / 10 for index in range(120)]


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.mkv"))


@contextmanager
def web_camera() -> Iterator[tuple[str, dict[str, list[float]]]]:
    """Sends motion JPEG at /video, ten pictures a second, and single ones at /still.jpg.

    Yields its address, and when it sent each picture of a path.
    """
    sent: dict[str, list[float]] = {"/video": [], "/still.jpg": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            if self.path == "/still.jpg":
                self.send_header("Content-Type", "image/jpeg")
                self.end_headers()
                sent[self.path].append(time.monotonic())
                self.wfile.write(jpeg(len(sent[self.path])))
                return
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
            self.end_headers()
            try:
                for index in range(300):
                    body = jpeg(index)
                    head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}"
                    sent[self.path].append(time.monotonic())
                    self.wfile.write(f"{head}\r\n\r\n".encode() + body + b"\r\n")
                    time.sleep(0.1)
            except OSError:
                pass

        def log_message(self, *words: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", sent
        finally:
            server.shutdown()
            thread.join()


def jpeg(index: int) -> bytes:
    image = np.full((48, 64, 3), 90, np.uint8)
    image[10:30, index % 40 : index % 40 + 15] = 220
    return bytes(cv2.imencode(".jpg", image)[1])


def test_a_file_is_copied_and_the_next_command_is_said(
    edge_vad: Command, h264: Video, packets: Callable[[Path], list[bytes]], tmp_path: Path
) -> None:
    source = h264(tmp_path / "yard.mkv", EVEN)
    answer = edge_vad("record", source, "--out", tmp_path / "footage")
    assert answer.code == 0, answer.err
    folder = tmp_path / "footage" / "yard"
    (file,) = files_of(folder)
    assert packets(file) == packets(source)
    assert answer.out.splitlines()[-1] == f"next: edge-vad train {folder} --out runs/yard"
    assert "yard: 12 s in 1 file" in answer.out
    assert "at most 50 GB in all" in answer.err
    assert "something moves" in answer.err
    assert [path.stat().st_mode & 0o777 for path in (folder, file)] == [0o700, 0o600]
    assert [path.name for path in folder.iterdir()] == [file.name]


@pytest.mark.parametrize("b_frames", [0, 2])
def test_a_new_file_begins_at_a_key_frame_and_nothing_is_lost_between(
    edge_vad: Command,
    h264: Video,
    times: Callable[[Path], list[float]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    b_frames: int,
) -> None:
    monkeypatch.setattr(recorder, "FILE_S", 3.5)
    source = h264(tmp_path / "yard.mkv", EVEN, b_frames=b_frames)
    assert edge_vad("record", source, "--out", tmp_path / "footage").code == 0
    shown = [times(file) for file in files_of(tmp_path / "footage" / "yard")]
    assert [len(each) for each in shown] == [40, 40, 40]
    assert all(each == pytest.approx(EVEN[:40], abs=0.0021) for each in shown)


def test_between_files_the_motion_window_is_emptied(
    edge_vad: Command, h264: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "FILE_S", 3.5)
    source = h264(tmp_path / "yard.mkv", EVEN)
    assert edge_vad("record", source, "--out", tmp_path / "footage").code == 0
    with open_source(tmp_path / "footage" / "yard") as footage:
        assert (footage.length, footage.fps) == (120, pytest.approx(10, rel=0.01))
        steps = [steps for _, steps in at_pace(footage, 10.0)]
    assert len(steps) == 120
    assert [index for index, each in enumerate(steps) if each is None] == [0, 40, 80]
    assert {each for each in steps if each is not None} == {1.0}


def test_a_hole_in_a_source_begins_another_file(
    edge_vad: Command, h264: Video, times: Callable[[Path], list[float]], tmp_path: Path
) -> None:
    holed = [*EVEN[:50], *(60 + time_s for time_s in EVEN[50:])]
    source = h264(tmp_path / "yard.mkv", holed)
    assert edge_vad("record", source, "--out", tmp_path / "footage").code == 0
    first, second = (times(file) for file in files_of(tmp_path / "footage" / "yard"))
    assert (first[-1], second[-1]) == (pytest.approx(4.9, abs=0.01), pytest.approx(6.9, abs=0.01))


def test_a_range_and_pictures_are_encoded_with_their_times(
    edge_vad: Command,
    h264: Video,
    clip: Path,
    times: Callable[[Path], list[float]],
    tmp_path: Path,
) -> None:
    source = h264(tmp_path / "yard.mkv", EVEN)
    answer = edge_vad("record", f"{source}:10-40", f"door={clip}", "--out", tmp_path / "footage")
    assert answer.code == 0, answer.err
    (ranged,) = files_of(tmp_path / "footage" / "yard_10-40")
    (pictures,) = files_of(tmp_path / "footage" / "door")
    assert times(ranged) == pytest.approx(EVEN[:30], abs=0.0021)
    assert times(pictures) == pytest.approx(EVEN[:40], abs=0.0021)
    assert "next: edge-vad train" in answer.out


def test_what_is_recorded_looks_like_what_was_sent(
    edge_vad: Command, clip: Path, tmp_path: Path
) -> None:
    assert edge_vad("record", f"door={clip}", "--out", tmp_path / "footage").code == 0
    with open_source(clip) as before, open_source(tmp_path / "footage" / "door") as after:
        for sent, kept in zip(before, after, strict=True):
            difference = cv2.absdiff(sent.image, kept.image)
            assert difference.mean() < 12


def test_motion_jpeg_and_single_pictures_get_the_times_at_which_they_come(
    edge_vad: Command, times: Callable[[Path], list[float]], tmp_path: Path
) -> None:
    with web_camera() as (address, sent):
        sources = (f"film={address}/video", f"still={address}/still.jpg#fps=5")
        answer = edge_vad("record", *sources, "--out", tmp_path / "f", "--duration", "4s")
    assert answer.code == 0, answer.err
    for name, path in (("film", "/video"), ("still", "/still.jpg")):
        shown = times(files_of(tmp_path / "f" / name)[0])
        assert 3.0 <= shown[-1] <= sent[path][-1] - sent[path][0] + 1.0
        assert len(sent[path]) / 2 <= len(shown) <= len(sent[path])
        assert shown == sorted(shown)


def test_a_size_that_is_reached_ends_it_and_is_said(
    edge_vad: Command, h264: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_vad.cli.record.parse_size", lambda text: 9000)
    source = h264(tmp_path / "yard.mkv", EVEN)
    answer = edge_vad("record", source, "--out", tmp_path / "footage", "--duration", "10s")
    assert answer.code == 6
    assert "the size was reached" in answer.err
    (file,) = files_of(tmp_path / "footage" / "yard")
    assert file.stat().st_size < 12_000


def test_a_camera_that_cannot_be_recorded_is_told_while_others_are(
    edge_vad: Command, h264: Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*words: object) -> None:
        raise Unavailable("this machine lacks something", "install it")

    monkeypatch.setattr("edge_vad.record.copied.open_copied", broken)
    source = h264(tmp_path / "yard.mkv", EVEN)
    answer = edge_vad("record", source, "gate=rtsp://10.0.0.2/1", "--out", tmp_path / "footage")
    assert answer.code == 6
    assert "gate: this machine lacks something" in answer.err
    assert "gate could not be recorded" in answer.err
    assert len(files_of(tmp_path / "footage" / "yard")) == 1


def test_without_pyav_it_says_what_to_install(
    edge_vad: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_vad.record.connecting.has_pyav", lambda: False)
    answer = edge_vad("record", "rtsp://10.0.0.2/1", "--out", tmp_path / "footage")
    assert (answer.code, list(tmp_path.iterdir())) == (4, [])
    assert "run pip install av" in answer.err


def test_a_full_disk_ends_it_and_what_there_is_plays(
    edge_vad: Command,
    h264: Video,
    times: Callable[[Path], list[float]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = os.write

    def full(handle: int, content: bytes) -> int:
        if os.fstat(handle).st_size > 9000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, content)

    source = h264(tmp_path / "yard.mkv", EVEN)
    monkeypatch.setattr("edge_vad.record.footage_file.os.write", full)
    answer = edge_vad("record", source, "--out", tmp_path / "footage")
    monkeypatch.undo()
    assert answer.code == 6, answer.err
    assert "the disk is full" in answer.err
    (file,) = files_of(tmp_path / "footage" / "yard")
    assert len(times(file)) > 10


def test_given_again_it_records_what_is_missing_and_no_more(
    edge_vad: Command, h264: Video, tmp_path: Path
) -> None:
    source = h264(tmp_path / "yard.mkv", EVEN)
    words = ("record", source, "--out", tmp_path / "footage", "--duration")
    assert edge_vad(*words, "5s").code == 0
    assert edge_vad(*words, "9s").code == 0
    files = files_of(tmp_path / "footage" / "yard")
    assert len(files) == 2
    answer = edge_vad(*words, "9s", "--json")
    assert answer.code == 0
    (told,) = json.loads(answer.out)
    assert files_of(tmp_path / "footage" / "yard") == files
    assert told["is_whole"] is True
    assert told["seconds"] == pytest.approx(9.2, abs=0.3)


def test_the_cameras_of_a_site_are_recorded_where_it_says(
    edge_vad: Command, h264: Video, tmp_path: Path
) -> None:
    h264(tmp_path / "yard.mkv", EVEN)
    site = tmp_path / "site.toml"
    site.write_text(
        f"""
[[cameras]]
name = "yard"
source = "{tmp_path}/yard.mkv"
scene = "yard.onnx"
footage = ["footage/first", "older.mp4"]

[[cameras]]
name = "gate"
source = "{tmp_path}/yard.mkv:0-20"
scene = "gate.onnx"
footage = ["footage/gate"]
"""
    )
    answer = edge_vad("record", "--config", site)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[-1] == f"next: edge-vad train --config {site}"
    assert len(files_of(tmp_path / "footage" / "first")) == 1
    assert len(files_of(tmp_path / "footage" / "gate")) == 1
    again = edge_vad("record", "--config", site, "--camera", "gate")
    assert again.out.splitlines()[-1].endswith("--camera gate")
    assert len(files_of(tmp_path / "footage" / "first")) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to record"),
        (("test://street?seed=1",), "nothing to record"),
        (("--camera", "gate", "--out", "f"), "for a site file"),
        (("test://street?seed=1", "--config", "site.toml"), "stands for SOURCES"),
        (("rtsp://10.0.0.2/1", "rtsp://10.0.0.2/2", "--out", "f"), "would be called rtsp_10.0.0.2"),
        (("rtsp://10.0.0.2/1", "--out", "f", "--max-size", "much"), "is no size"),
        (("rtsp://10.0.0.2/1", "--out", "f", "--duration", "long"), "is no duration"),
        (("gate=nowhere.mp4", "--out", "f"), "does not exist"),
    ],
)
def test_wrong_use_is_told_before_anything_is_written(
    edge_vad: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = edge_vad("record", *words)
    assert answer.code == 2
    assert said in answer.err
    assert list(tmp_path.iterdir()) == []


def test_a_site_without_a_place_for_footage_is_told_what_to_write(
    edge_vad: Command, tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    site.write_text('[[cameras]]\nname = "gate"\nsource = "rtsp://h/1"\nscene = "gate.onnx"\n')
    answer = edge_vad("record", "--config", site)
    assert answer.code == 2
    assert 'add footage = ["footage/gate"] to it' in answer.err


def test_a_camera_that_never_answers_is_source_lost_and_its_password_is_never_said(
    edge_vad: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_GRACE_S", 0.5)
    address = "rtsp://admin:hunter2@127.0.0.1:9/live?token=hunter2"
    answer = edge_vad("record", address, "--out", tmp_path / "f", "--duration", "1s")
    assert answer.code == 5
    assert "no signal, trying again and again" in answer.err
    assert "hunter2" not in answer.out + answer.err
    assert list(tmp_path.iterdir()) == []


def test_a_lost_camera_is_tried_again_with_the_patience_of_the_live_loop(
    edge_vad: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_GRACE_S", 0.5)
    tries: list[float] = []

    def refuse(*words: object) -> None:
        tries.append(time.monotonic())
        raise FeedLost("it refuses the password", patience_s=60.0)

    monkeypatch.setattr("edge_vad.record.copied.open_copied", refuse)
    answer = edge_vad("record", "rtsp://127.0.0.1:9/live", "--out", tmp_path, "--duration", "1s")
    assert answer.code == 5
    assert len(tries) == 1  # who refuses a password is not asked again at once


class UsbCamera(Feed):
    """Gives fifteen pictures, ten a second, and is unplugged; then it is smaller, as some are."""

    fps = 10.0
    taken: list[list[float]]
    """When each picture was taken, s, for every time that it was plugged in."""

    def __init__(self) -> None:
        UsbCamera.taken.append([])
        self._rows = 64 // len(UsbCamera.taken)
        self._count = 0

    def grab(self) -> float | None:
        self._count += 1
        if self._count > 15 and len(UsbCamera.taken) == 1:
            raise FeedLost("/dev/video7 stopped sending")
        time.sleep(0.1)
        UsbCamera.taken[-1].append(time.monotonic())
        return None

    def retrieve(self, spare: np.ndarray | None) -> np.ndarray:
        image = np.full((self._rows + 1, 97, 3), 90, np.uint8)  # odd: no encoder likes that
        left = 3 * self._count % 80
        image[5:20, left : left + 15] = 220
        return image


def test_a_usb_camera_is_encoded_and_recorded_on_when_it_is_plugged_in_again(
    edge_vad: Command,
    times: Callable[[Path], list[float]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(UsbCamera, "taken", [], raising=False)
    monkeypatch.setattr("edge_vad.record.connecting.connector", lambda spec, timeout_s: UsbCamera)
    answer = edge_vad("record", "/dev/video7", "--out", tmp_path, "--duration", "7s", "--json")
    assert answer.code == 0, answer.err
    (told,) = json.loads(answer.out)
    assert (told["name"], told["reconnects"], told["is_whole"]) == ("video7", 1, True)
    first, second = files_of(tmp_path / "video7")
    shown = times(first)
    came = UsbCamera.taken[0]
    assert len(shown) == len(came) == 15
    assert shown == pytest.approx([at - came[0] for at in came], abs=0.5)
    with open_source(first) as before, open_source(second) as after:
        assert next(iter(before)).image.shape == (64, 96, 3)
        assert next(iter(after)).image.shape == (32, 96, 3)


class Webcam(Feed):
    """Declares a hundred pictures a second, and sends one when it is `due_s` after the last."""

    fps = 100.0
    due_s = work_s = 0.0

    def grab(self) -> float | None:
        time.sleep(self.due_s)
        return None

    def retrieve(self, spare: np.ndarray | None) -> np.ndarray:
        time.sleep(self.work_s)
        return np.full((64, 96, 3), 90, np.uint8)


@pytest.mark.parametrize(("due_s", "work_s", "is_slow"), [(0, 0.05, True), (0.05, 0, False)])
def test_a_device_that_is_too_slow_is_told_from_a_camera_that_is(
    edge_vad: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    due_s: float,
    work_s: float,
    is_slow: bool,
) -> None:
    camera = type("Camera", (Webcam,), {"due_s": due_s, "work_s": work_s})
    monkeypatch.setattr("edge_vad.record.connecting.connector", lambda spec, timeout_s: camera)
    answer = edge_vad("record", "/dev/video7", "--out", tmp_path, "--duration", "2.5s", "--json")
    assert answer.code == 0, answer.err
    (told,) = json.loads(answer.out)
    assert (told["slow_minutes"], sum(told["minutes"].values())) == (int(is_slow), 1)
    said = re.search(r"this device is too slow: it keeps ([0-9.]+) of 100 pictures a", answer.err)
    assert bool(said) == is_slow
    assert ("in 1 of 1 min; ask the camera for smaller pictures" in answer.err) == is_slow
    if said:
        assert 1 <= float(said[1]) <= 20


def test_rtsp_is_copied_while_another_camera_is_dead(
    rtsp: RtspCamera,
    tmp_path: Path,
    times: Callable[[Path], list[float]],
    packets: Callable[[Path], list[bytes]],
) -> None:
    dead = "dead=rtsp://admin:hunter2@127.0.0.1:9/live"
    words = ["record", f"gate={rtsp.url}", dead, "--out", str(tmp_path / "f")]
    running = subprocess.Popen(
        [sys.executable, "-m", "edge_vad", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_pictures(24, tmp_path / "f" / "gate", packets)
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    (file,) = files_of(tmp_path / "f" / "gate")
    shown = times(file)
    assert shown == pytest.approx([index / 8 for index in range(len(shown))], abs=0.01)
    assert shown[-1] > 2
    assert "hunter2" not in out + err
    assert re.search(r"gate: \d+ s, \d+ MB: something moves", err)
    assert "dead: no signal, trying again and again" in err
    assert not (tmp_path / "f" / "dead").exists()
    with open_source(file) as source:
        assert next(iter(source)).image.shape == (128, 192, 3)


def test_a_recording_that_is_killed_goes_on_with_the_same_command(
    rtsp: RtspCamera,
    tmp_path: Path,
    times: Callable[[Path], list[float]],
    packets: Callable[[Path], list[bytes]],
) -> None:
    folder = tmp_path / "f" / "gate"
    words = ["record", f"gate={rtsp.url}", "--out", str(tmp_path / "f"), "--duration", "8s"]
    command = [sys.executable, "-m", "edge_vad", *words]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for_pictures(24, folder, packets)
    running.kill()
    running.communicate()
    (cut,) = files_of(folder)
    kept_s = times(cut)[-1]
    assert kept_s > 2.0
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert "gate: 8 s in 2 files" in done.stdout
    assert sum(times(file)[-1] for file in files_of(folder)) == pytest.approx(8, abs=0.5)
    assert times(cut)[-1] >= kept_s


def test_an_interrupted_recording_says_how_to_go_on(
    rtsp: RtspCamera, tmp_path: Path, packets: Callable[[Path], list[bytes]]
) -> None:
    words = ["record", f"gate={rtsp.url}", "--out", str(tmp_path / "f"), "--duration", "1h"]
    running = subprocess.Popen(
        [sys.executable, "-m", "edge_vad", *words], stderr=subprocess.PIPE, text=True
    )
    wait_for_pictures(8, tmp_path / "f" / "gate", packets)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "give the same command again to go on" in err
    assert "hunter2" not in err


def wait_for_pictures(count: int, folder: Path, packets: Callable[[Path], list[bytes]]) -> None:
    """Wait until the newest file of a folder holds so many."""

    def are_there() -> bool:
        with suppress(IndexError, av.FFmpegError):  # as long as it has hardly begun
            return len(packets(files_of(folder)[-1])) >= count
        return False

    wait_for(are_there)


def wait_for(there: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not there():
        assert time.monotonic() < until
        time.sleep(0.1)
