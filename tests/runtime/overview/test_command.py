"""edge-vad serve --sites, as it is typed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from certificate import self_signed
from free_port import free_port
from many_events import store_events

BOXES = """
[[boxes]]
name = "north"
url = "{url}"
token_file = "north.token"
"""


@contextmanager
def serving(*words: object, **variables: str):
    """edge-vad serve, until Ctrl-C; yields its log, which is a file."""
    log = Path("log")
    command = [sys.executable, "-m", "edge_vad", "serve", *map(str, words)]
    with log.open("w") as out:
        process = subprocess.Popen(command, stderr=out, env=os.environ | variables)
    try:
        yield log
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(120)
    assert code == 0
    assert "Traceback" not in log.read_text()


@pytest.fixture
def north(make_box, tmp_path, boxes, monkeypatch):
    """A box with three events, and the folder that commands are given in."""
    monkeypatch.chdir(tmp_path)
    store_events(tmp_path / "north", ["gate"], [boxes.now + each for each in range(3)])
    return make_box("north", ["gate"], token=True)[1]


def test_boxes_of_a_file_are_shown_over_tls_until_ctrl_c(north, tmp_path, boxes):
    Path("boxes.toml").write_text(BOXES.format(url=north.url))
    Path("token.txt").write_text("correct horse battery staple")
    made, port = self_signed(tmp_path), free_port()
    words = ["known", "--sites", "boxes.toml", "--listen", f"127.0.0.1:{port}"]
    words += ["--token-file", "token.txt", "--cert-file", made.cert, "--key-file", made.key]
    with serving(*words) as log:
        boxes.eventually(lambda: "box north answers" in log.read_text())
        context = ssl.create_default_context(cafile=made.cert)

        def events():
            line = http.client.HTTPSConnection("localhost", port, timeout=60, context=context)
            right = {"Authorization": "Bearer correct horse battery staple"}
            line.request("GET", "/api/boxes/events", headers=right)
            found = json.loads(line.getresponse().read())["events"]
            line.close()
            return len(found)

        boxes.eventually(lambda: events() == 3)
    said = log.read_text()
    assert f"the page is at https://127.0.0.1:{port}, and asks for the token" in said
    assert boxes.token not in said
    assert "correct horse" not in said


def test_boxes_named_on_the_command_line_have_their_tokens_in_variables(north, boxes):
    words = ["--sites", f"north={north.url}", "--listen", free_port()]
    with serving(*words, EDGE_VAD_TOKEN_NORTH=boxes.token) as log:
        boxes.eventually(lambda: "box north answers" in log.read_text())
    with serving(*words, EDGE_VAD_TOKEN_NORTH="another token") as log:
        boxes.eventually(lambda: "box north is away: it refuses the token" in log.read_text())
    assert "another token" not in log.read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "nothing is said to be shown"),
        (["--sites", "north=https://user:S3CRET@north"], "must not hold a user and password"),
        (["--sites", "north=http://north.example"], "unencrypted"),
        (["--sites", "no name=https://north.example"], "this names no boxes"),
        (["--sites", "a=https://north.example,a=https://south.example"], "two boxes"),
        (["--sites", "a=https://north.example/?token=S3CRET"], "ends after host and port"),
    ],
)
def test_what_names_no_boxes_is_refused_without_repeating_it(edge_vad, words, told):
    answer = edge_vad("serve", *words)
    assert answer.code == 2
    assert told in answer.err
    assert "S3CRET" not in answer.err


def test_a_file_of_boxes_that_is_not_there_is_told(edge_vad, tmp_path):
    answer = edge_vad("serve", "--sites", tmp_path / "boxes.toml")
    assert answer.code == 3
    assert "boxes.toml" in answer.err
