"""Every example does what it says, on small data."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from edge_vad.alarms.identity import event_id
from edge_vad.detection import Box
from edge_vad.events import ChangeKind, EventChange, EventState, LiveEvent
from edge_vad.sinks.page.server import serve
from edge_vad.sinks.settings import PageSettings, StoreSettings
from edge_vad.sinks.store import EventStore, StoredEvents

EXAMPLES = Path(__file__).parents[2] / "examples"
TOKEN = "correct horse battery staple"  # noqa: S105
SECRET = "a secret of some length"  # noqa: S105
BEGAN = float(int(time.time()) // 3600 * 3600 - 7200)


def run(script, *words, **environment):
    command = [sys.executable, str(EXAMPLES / script), *map(str, words)]
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


@pytest.fixture
def stored(tmp_path):
    """A folder with two events of an hour and one of the next."""
    store = EventStore(tmp_path / "watched", StoreSettings())
    for at in (BEGAN, BEGAN + 10, BEGAN + 3600):
        event = LiveEvent(
            id=event_id(at), camera="gate", start=at, end=at + 1, peak=at, score=3.0,
            threshold=2.0, box=Box(1, 2, 3, 4), rarity="once in 4 days", state=EventState.ENDED,
        )  # fmt: skip
        store.event("gate", EventChange(ChangeKind.END, event, None))
    store.close(60.0)
    return store.folder


def test_a_recording_is_scored_and_its_alarm_printed(tiny_scene, clip):
    done = run("01_score_a_recording/score.py", tiny_scene(), clip)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"1\.\d to 2\.\d s, at \(\d+, \d+, \d+, \d+\): .+\n", done.stdout)


def test_what_cannot_be_scored_is_told_with_its_place_in_the_documentation(tmp_path, clip):
    done = run("01_score_a_recording/score.py", tmp_path / "none.onnx", clip)
    assert done.returncode == 1
    assert "docs/errors.md#bad-model" in done.stderr


def test_the_events_of_each_hour_are_counted(stored):
    done = run("02_count_a_day/count.py", stored)
    assert done.returncode == 0, done.stderr
    head, *rows = csv.reader(done.stdout.splitlines())
    assert head == ["hour", "camera", "events"]
    assert [(camera, int(count)) for _, camera, count in rows] == [("gate", 2), ("gate", 1)]


@pytest.fixture
def receiver(unused_port):
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / "03_receive_webhooks/receive.py", str(unused_port)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "EDGE_VAD_SECRET": SECRET},
    )
    assert process.stdout.readline() == f"waiting at {unused_port}\n"
    yield process, f"http://127.0.0.1:{unused_port}/"
    process.kill()
    process.communicate()


def _post(address, secret=SECRET, at=None):
    body = json.dumps({"type": "new", "camera": "gate", "rarity": "once in 4 days"}).encode()
    stamp = str(int(time.time() if at is None else at))
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {
        "X-Edge-Vad-Event": "an event, new",
        "X-Edge-Vad-Timestamp": stamp,
        "X-Edge-Vad-Signature": f"sha256={signature}",
    }
    try:
        with urlopen(Request(address, body, headers), timeout=60) as answer:  # noqa: S310
            return answer.status
    except HTTPError as error:
        error.close()
        return error.code


def test_a_signed_change_is_taken_once_and_another_not_at_all(receiver):
    process, address = receiver
    assert _post(address, secret="another") == 403
    assert _post(address, at=time.time() - 4000) == 403
    assert _post(address) == _post(address) == 204
    process.kill()
    assert process.stdout.read() == "new at gate: once in 4 days\n"


def test_the_page_tells_of_events_until_they_are_seen(stored, unused_port, monkeypatch):
    monkeypatch.setenv("PAGE_TOKEN", TOKEN)
    settings = PageSettings(port=unused_port, token_env="PAGE_TOKEN")
    server = serve(settings, StoredEvents(stored), None)
    words = ("04_ask_the_page/newest.py", f"http://127.0.0.1:{unused_port}")
    try:
        first = run(*words, EDGE_VAD_TOKEN=TOKEN)
        assert first.stdout == 3 * "gate: once in 4 days\n", first.stderr
        assert run(*words, EDGE_VAD_TOKEN=TOKEN).stdout == ""
    finally:
        server.close(60.0)


def test_the_site_of_two_cameras_can_run(tiny_scene, tmp_path, edge_vad):
    shutil.copy(EXAMPLES / "05_a_site_of_two_cameras/site.toml", tmp_path)
    tiny_scene("street.onnx")
    answer = edge_vad("config", "check", tmp_path / "site.toml")
    assert answer.code == 0, answer.err
    assert "gate" in answer.out
    assert "yard" in answer.out


def test_every_example_is_in_the_list_by_its_number():
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert folders == set(re.findall(r"^\| \[(\w+)\]", text, re.M))
    assert sorted(each[:3] for each in folders) == [f"{n:02}_" for n in range(1, len(folders) + 1)]


@pytest.mark.long
def test_the_notebook_trains_shows_energies_and_plots_a_day(tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(EXAMPLES / "06_a_day_in_a_notebook/a_day.ipynb", as_version=4)
    parameters = next(
        cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())
    )
    parameters.source = (
        'FOOTAGE = "test://street?seed=100&frames=240&size=192x144"\n'
        'DAY = "test://street?seed=9&anomaly=cyclist&frames=120&size=192x144"\n'
        'TRAINING = ["--size", "192x144", "--steps", "20", "--latent", "3", "--components", "3"]\n'
    )
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    NotebookClient(
        notebook, timeout=1800, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    pictures = [each for each in outputs if "image/png" in each.get("data", {})]
    assert len(pictures) == 2
    assert not [each for each in outputs if each.output_type == "error"]
    assert (tmp_path / "runs/street/scene.safetensors").exists()
