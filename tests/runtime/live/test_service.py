"""What systemd, the log and the command line are told."""

from __future__ import annotations

import json
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_vad.alarms.drift import NormalDrift
from edge_vad.live.logs import begin_log, redact
from edge_vad.live.shutdown import SHUTDOWN_S
from edge_vad.live.systemd import Notifier


def test_systemd_hears_that_the_service_is_up_alive_and_going_down(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        systemd.settimeout(60)
        notifier = Notifier({"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "3000000000"})
        notifier.ready()
        notifier.alive()
        notifier.alive()
        notifier.stopping()
        heard = [systemd.recv(64) for _ in range(3)]
    assert heard == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_the_unit_lets_nobody_else_read_what_a_run_writes() -> None:
    unit = Path(__file__).parents[3] / "deploy" / "edge-vad.service"
    said = unit.read_text().splitlines()
    assert {"UMask=0077", "StateDirectoryMode=0700", "User=edge-vad"} <= set(said)


def test_without_systemd_nobody_is_told() -> None:
    Notifier({}).ready()


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://admin:hunter2@host/live",
        "rtsp://admin:hun@ter2@host/live hunter2@",
        "http://host/?password=hunter2&x=1",
        "Authorization: hunter2",
        "Authorization: Bearer hunter2",
        "BROKER_PASSWORD=hunter2",
        "{'password': 'hunter2', \"token\": \"hunter2\"}",
        "token = hunter2",
    ],
)
def test_secrets_are_blotted_out(text: str) -> None:
    assert "hunter2" not in redact(text.replace(" hunter2@", ""))


def test_a_log_as_json_holds_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    handler = begin_log(as_json=True)
    try:
        try:
            raise ValueError("rtsp://admin:hunter2@host")
        except ValueError:
            logging.getLogger("edge_vad.test").exception("lost %s", "rtsp://a:hunter2@host")
    finally:
        logging.getLogger("edge_vad").removeHandler(handler)
    line = json.loads(capsys.readouterr().err)
    assert line["level"] == "error"
    assert "hunter2" not in json.dumps(line)


def test_a_camera_is_watched_for_a_while_and_its_events_are_said(
    tiny_scene: Callable[..., Path], make: SimpleNamespace, tmp_path: Path
) -> None:
    clip = make.avi(tmp_path / "clip.avi", make.movement())
    words = ["run", tiny_scene(), f"{clip}?realtime=1&loop=1", "--duration", "6s"]
    done = subprocess.run(
        [sys.executable, "-m", "edge_vad", *words, "--false-alarms", "1/hour"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = {json.loads(line)["type"] for line in done.stdout.splitlines()}
    assert {"new", "end"} <= told
    assert "frames scored in 6 s" in done.stderr


def test_a_camera_that_never_answers_ends_the_run_with_a_code_of_its_own(
    tiny_scene: Callable[..., Path],
) -> None:
    words = ["run", tiny_scene(), "rtsp://admin:hunter2@127.0.0.1:9/live", "--duration", "2s"]
    done = subprocess.run(
        [sys.executable, "-m", "edge_vad", *words], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 5, done.stderr
    assert "no frame could be scored" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["run"], 2),
        (["run", "--config", "none.toml"], 3),
        (["config", "check", "none.toml"], 3),
        (["run", "scene.onnx", "/dev/video0", "--duration", "soon"], 2),
        (["run", "scene.onnx", "/dev/video0", "--strict"], 2),
        (["run", "--config", "none.toml", "--follow-drift"], 2),
        (["run", "scene.onnx", "/dev/video0", "--follow-drift"], 2),
        (["run", "scene.onnx", "/dev/video0", "--reset-drift"], 2),
        (["run", "--config", "none.toml", "--backend", "tensorrt"], 2),
        (["run", "--config", "none.toml", "--false-alarms", "1/day"], 2),
    ],
)
def test_wrong_use_is_told(edge_vad: Callable[..., Any], words: list[str], code: int) -> None:
    assert edge_vad(*words).code == code


def test_a_sites_threshold_follows_drift_across_runs_and_is_reset_when_asked(
    edge_vad: Callable[..., Any],
    tiny_scene: Callable[..., Path],
    make: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_vad.alarms.threshold.NormalDrift", partial(NormalDrift, hours=0.002))
    make.avi(tmp_path / "calm.avi", make.movement(120, range(0)))  # scores 0
    tiny_scene()
    site = tmp_path / "site.toml"
    site.write_text(
        f"""
[[cameras]]
name = "gate"
source = "{tmp_path}/calm.avi"
scene = "scene.onnx"
decision = {{ false_alarms = "1/hour", follow_drift = true }}
[sinks.jsonl]
"""
    )
    steps = tmp_path / "watched" / "drift.jsonl"

    def thresholds() -> list[float]:
        lines = steps.read_text().splitlines() if steps.exists() else []
        return [json.loads(line)["threshold"] for line in lines]

    def run(*words: str) -> list[float]:
        before = len(thresholds())
        answer = edge_vad("run", "--config", site, *words)
        assert answer.code == 0, answer.err
        assert "gate: the threshold follows drift to" in answer.err
        return thresholds()[before:]

    first, second, again = run(), run(), run("--reset-drift")
    assert first == sorted(first, reverse=True)
    assert first[0] == pytest.approx(2.0)  # as trained
    assert second[0] == pytest.approx(first[-1])
    assert second[-1] < first[-1] < first[0]
    assert again == first


def test_drift_that_cannot_be_followed_is_told_with_its_camera(
    edge_vad: Callable[..., Any], tiny_scene: Callable[..., Path], tmp_path: Path
) -> None:
    tiny_scene()
    site = tmp_path / "site.toml"
    site.write_text(
        """
[[cameras]]
name = "gate"
source = "test://street?seed=1"
scene = "scene.onnx"
decision = { false_alarms = "1/minute", follow_drift = true }
"""
    )
    for words in (("run", "--config"), ("config", "check")):
        answer = edge_vad(*words, site)
        assert answer.code == 2
        assert "camera gate" in answer.err
        assert "drift cannot be told from anomalies" in answer.err


def test_sigterm_ends_a_site_within_five_seconds_with_its_events_flushed(
    tiny_scene: Callable[..., Path], make: SimpleNamespace, tmp_path: Path
) -> None:
    make.avi(tmp_path / "clip.avi", make.movement(200, range(10, 200)))
    tiny_scene()
    site = tmp_path / "site.toml"
    site.write_text(
        f"""
[[cameras]]
name = "gate"
source = "{tmp_path}/clip.avi?realtime=1&loop=1"
scene = "scene.onnx"
decision = {{ false_alarms = "1/hour" }}

[[cameras]]
name = "fence"
source = "rtsp://admin:hunter2@127.0.0.1:9/live"
scene = "scene.onnx"

[sinks]
folder = "watched"
[sinks.jsonl]
"""
    )
    command = [sys.executable, "-m", "edge_vad", "run", "--config", site, "--log-json"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    written = tmp_path / "watched" / "events.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (written.exists() and '"new"' in written.read_text()):
        time.sleep(0.1)
    asked = time.monotonic()
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=120)
    assert time.monotonic() - asked < SHUTDOWN_S + 10  # where others take most of the machine
    assert running.returncode == 0
    lines = [json.loads(line) for line in written.read_text().splitlines()]
    told = [line["type"] for line in lines if line["type"] != "state"]
    assert told[0] == "new"
    assert told[-1] == "end"
    assert "hunter2" not in said + written.read_text()
