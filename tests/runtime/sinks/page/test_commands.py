"""The page as it is asked for on the command line."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from free_port import free_port

from edge_vad.cli.page_options import PageOptions, parse_place
from edge_vad.errors import WrongUse
from edge_vad.live.shutdown import SHUTDOWN_S
from edge_vad.sinks.settings import StoreSettings
from edge_vad.sinks.store import EventStore
from edge_vad.site.reading import decode_site


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("8420", ("127.0.0.1", 8420)),
        ("localhost:80", ("127.0.0.1", 80)),
        ("0.0.0.0:8420", ("0.0.0.0", 8420)),  # noqa: S104
        ("[::1]:8420", ("::1", 8420)),
    ],
)
def test_places_are_read(text, place):
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text", ["", "street.onnx", "a:b", "1.2.3.4", "[::1", "1.2.3.4:999999", "host:80"]
)
def test_what_is_no_place_is_refused(text):
    with pytest.raises(WrongUse):
        PageOptions(text, None).settings()


def test_another_address_needs_a_token(edge_vad, tmp_path, monkeypatch):
    monkeypatch.delenv("EDGE_VAD_TOKEN", raising=False)
    answer = edge_vad("serve", tmp_path, "--listen", "0.0.0.0:8420")
    assert answer.code == 2
    assert "others can reach 0.0.0.0, and there is no token" in answer.err
    assert "--token-file" in answer.err


def test_the_token_for_changes_is_taken_from_a_file_or_the_environment(tmp_path, monkeypatch):
    for name in ("EDGE_VAD_TOKEN", "EDGE_VAD_EDIT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "edit.txt"
    assert PageOptions("8420", None, file).settings().edit_token_file == str(file)
    assert PageOptions("8420", None).settings().edit_token_env is None
    monkeypatch.setenv("EDGE_VAD_EDIT_TOKEN", "x" * 16)
    assert PageOptions("8420", None).settings().edit_token_env == "EDGE_VAD_EDIT_TOKEN"  # noqa: S105
    assert PageOptions("8420", None, file).settings().edit_token_env is None


def test_the_token_of_those_who_roll_out_stays_where_the_command_moves_the_page(monkeypatch):
    page = '[sinks.store]\n[sinks.page]\ndeploy_token_file = "deploy"\n'
    text = f'[[cameras]]\nname = "a"\nsource = "9"\nscene = "a.onnx"\n{page}'
    monkeypatch.delenv("EDGE_VAD_DEPLOY_TOKEN", raising=False)
    with PageOptions("8421", None).added_to(decode_site(text)) as site:
        assert (site.sinks.page.port, site.sinks.page.deploy_token_file) == (8421, "deploy")
    monkeypatch.setenv("EDGE_VAD_DEPLOY_TOKEN", "x" * 16)
    with PageOptions("8421", None).added_to(decode_site(text)) as site:
        assert site.sinks.page.deploy_token_env == "EDGE_VAD_DEPLOY_TOKEN"  # noqa: S105
        assert site.sinks.page.deploy_token_file is None


def test_a_token_for_changes_without_a_page_is_refused(edge_vad, tmp_path):
    (tmp_path / "site.toml").write_text('[[cameras]]\nname = "a"\nsource = "9"\nscene = "a.onnx"\n')
    answer = edge_vad("run", "--config", tmp_path / "site.toml", "--edit-token-file", "edit.txt")
    assert answer.code == 2
    assert "tokens are for the page" in answer.err


def test_a_short_token_for_changes_is_refused(edge_vad, tmp_path):
    token = tmp_path / "token.txt"
    token.write_text("short\n")
    answer = edge_vad("serve", tmp_path, "--edit-token-file", token)
    assert answer.code == 3
    assert "the token of those who change is shorter" in answer.err


def test_a_short_token_is_refused(edge_vad, tmp_path):
    token = tmp_path / "token.txt"
    token.write_text("short\n")
    answer = edge_vad("serve", tmp_path, "--token-file", token)
    assert answer.code == 3
    assert "openssl rand" in answer.err
    assert "short\n" not in answer.err


def test_a_folder_that_is_not_there_is_told(edge_vad, tmp_path):
    assert edge_vad("serve", tmp_path / "none").code == 3


@pytest.mark.parametrize("words", [["--serve"], ["--serve", "8420"]])
def test_a_recording_has_no_page(edge_vad, tiny_scene, clip, tmp_path, words):
    answer = edge_vad("run", tiny_scene(), clip, "--out", tmp_path / "out", *words)
    assert answer.code == 2
    assert "--serve is for live runs" in answer.err


def test_a_port_that_is_taken_is_told_before_any_camera_is_watched(
    edge_vad, tiny_scene, make, tmp_path
):
    clip = make.avi(tmp_path / "clip.avi", make.movement())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = edge_vad(
            "run", tiny_scene(), f"{clip}?realtime=1", "--duration", "2s", "--serve", port
        )
    assert answer.code == 3
    assert f"the page cannot be shown at 127.0.0.1:{port}" in answer.err
    assert "live" not in answer.err


def test_a_site_without_a_store_has_no_page(edge_vad, tiny_scene, tmp_path):
    tiny_scene()
    site = tmp_path / "site.toml"
    site.write_text('[[cameras]]\nname = "a"\nsource = "test://street"\nscene = "scene.onnx"\n')
    answer = edge_vad("run", "--config", site, "--serve")
    assert answer.code == 2
    assert "add [sinks.store]" in answer.err


class Command:
    """edge-vad, running."""

    def __init__(self, *words):
        self.port = free_port()
        command = [sys.executable, "-m", "edge_vad", *map(str, words), str(self.port)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=240)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):  # it is not there yet, or ends
            return 0, b""
        finally:
            connection.close()

    def end(self):
        """Ends it as systemd would; returns its code, what it said and how long it took."""
        asked = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        out, err = self._process.communicate(timeout=120)
        return self._process.returncode, out + err, time.monotonic() - asked


def test_a_run_ends_within_five_seconds_while_somebody_looks(tiny_scene, make, tmp_path, events):
    clip = make.avi(tmp_path / "clip.avi", make.movement())
    run = Command("run", tiny_scene(), f"{clip}?realtime=1&loop=1", "--serve")
    events.eventually(lambda: run.get("/api/site")[0] == 200)
    asked = []

    def look():
        while run.get("/api/live?pictures=0:-1:320")[0] == 200:
            asked.append(1)

    looking = [threading.Thread(target=look) for _ in range(4)]
    for each in looking:
        each.start()
    with socket.create_connection(("127.0.0.1", run.port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\n")  # and never goes on
        events.eventually(lambda: len(asked) > 20)
        code, said, took_s = run.end()
    for each in looking:
        each.join()
    assert code == 0, said
    assert took_s < SHUTDOWN_S + 10  # where others take most of the machine
    assert "frames scored" in said
    assert "kept while this runs" in said


def test_stored_events_are_shown_while_they_are_written(tmp_path, events):
    store = EventStore(tmp_path, StoreSettings())
    try:
        serve = Command("serve", tmp_path, "--listen")
        events.eventually(lambda: serve.get("/api/site")[0] == 200)
        assert json.loads(serve.get("/api/site")[1])["live"] is False
        assert json.loads(serve.get("/api/events")[1]) == {"events": []}
        assert serve.get("/api/live")[0] == 404
        event = events.live()
        store.event("gate", events.new(event))
        told = events.eventually(lambda: json.loads(serve.get("/api/events")[1])["events"])
        assert told[0]["id"] == event.id
        code, said, took_s = serve.end()
    finally:
        store.close(2)
    assert code == 0, said
    assert took_s < SHUTDOWN_S + 10  # where others take most of the machine
    assert "Traceback" not in said


def test_a_thread_that_does_not_end_does_not_abort_the_process(tmp_path):
    code = """
import threading, numpy
from edge_vad.cli.live import leave_if_stuck
from edge_vad.live.shutdown import ShutdownDeadline
from edge_vad.opencv import cv2

def blur():
    while True:
        cv2.GaussianBlur(numpy.zeros((2000, 2000), numpy.uint8), (0, 0), 9)

before = set(threading.enumerate())
threading.Thread(target=blur, name="clips", daemon=True).start()
print("done")
leave_if_stuck(before, ShutdownDeadline(), None)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_a_thread_that_is_about_to_end_is_waited_for():
    code = """
import threading, time, sys
from edge_vad.cli.live import leave_if_stuck
from edge_vad.live.shutdown import ShutdownDeadline

before = set(threading.enumerate())
threading.Thread(target=time.sleep, args=(0.3,), daemon=True).start()
leave_if_stuck(before, ShutdownDeadline(), None)
sys.exit(7)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stderr) == (7, "")


def test_without_starlette_the_page_says_what_to_install(tmp_path):
    blocked = "import sys; sys.modules['starlette'] = None; sys.argv = ['edge-vad', 'serve', '.']\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{blocked}from edge_vad.cli import main\nmain()"],
        capture_output=True,
        text=True,
        timeout=240,
        env={name: value for name, value in os.environ.items() if name != "EDGE_VAD_TOKEN"},
    )
    assert done.returncode == 4
    assert "pip install 'edge-vad[serve]'" in done.stderr
