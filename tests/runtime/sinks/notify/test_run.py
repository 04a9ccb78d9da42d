"""A run that is real from the camera to the message."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from urllib.request import urlopen

import pytest
from free_port import free_port

from edge_vad.live.shutdown import SHUTDOWN_S

SITE = """
[[cameras]]
name = "gate"
source = "clip.avi?realtime=1&loop=1"
scene = "scene.onnx"
decision = {{ false_alarms = "1/hour" }}

[sinks]
folder = "watched"
[sinks.store]
[sinks.jsonl]
[sinks.page]
port = {page}
[sinks.metrics]
port = {metrics}
[[sinks.notify]]
name = "phone"
address_file = "phone"
picture = true
link = "https://cameras.example"
"""


@pytest.fixture
def run(tiny_scene, make, receiver, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make.avi(tmp_path / "clip.avi", make.movement())
    tiny_scene()
    page, metrics = free_port(), free_port()
    (tmp_path / "phone").write_text(receiver.address)
    (tmp_path / "site.toml").write_text(SITE.format(page=page, metrics=metrics))
    command = [sys.executable, "-m", "edge_vad", "run", "--config", "site.toml"]
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
    yield running, page, metrics
    running.kill()
    running.wait()


def read(port, path):
    with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/{path}", timeout=60) as answer:
        return answer.read().decode("latin-1")
    return ""


def test_an_event_comes_with_its_picture_and_no_door_shows_the_address(
    run, receiver, events, tmp_path
):
    running, page, metrics = run
    receiver.statuses = 1000 * [403]
    failing = 'edge_vad_sink_ok{sink="notify-phone"} 0.0'
    figures = events.eventually(
        lambda: (text := read(metrics, "metrics")) and failing in text and text
    )
    shown = read(page, "api/live?since=0&pictures=")
    assert "notify-phone" in shown
    assert "127.0.0.1 answers with status 403" in shown
    del receiver.statuses[1:]  # the last may be asked for right now
    message = events.eventually(lambda: receiver.messages and receiver.messages[0])
    assert message.title.startswith("gate: unusual, ")
    assert "https://cameras.example/#event=" in message.body
    assert message.pictures[0].startswith(b"\xff\xd8")
    began_s = time.monotonic()
    running.send_signal(signal.SIGTERM)
    assert running.wait(120) in (0, 6)  # what has not gone, waits
    assert time.monotonic() - began_s < SHUTDOWN_S + 10  # where others take most of the machine
    secret = receiver.secret
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "phone"]
    assert not [path for path in kept if secret.encode() in path.read_bytes()]
    assert secret not in figures + shown + read(page, "api/site")
