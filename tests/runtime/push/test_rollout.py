"""Boxes that are pushed to are not trusted, and one of them keeps none of the others up."""

from __future__ import annotations

import json
import signal
import threading
import time

import pytest
from hostile_box import hostile_box, whole

from edge_vad.push.folder import SignedPush
from edge_vad.push.manifest import PushedFile, PushManifest
from edge_vad.push.rollout import Rollout
from edge_vad.site.boxes import SiteBox

SERIAL = 7


@pytest.fixture
def push(tmp_path):
    (tmp_path / "gate.onnx").write_bytes(b"scene")
    file = PushedFile(name="gate.onnx", size=5, sha256="0" * 64)
    expires = int(time.time()) + 600
    manifest = PushManifest(site="north", serial=SERIAL, expires=expires, files=(file,))
    return SignedPush(manifest, b"{}", b"", tmp_path)


@pytest.fixture
def outcome(push, monkeypatch):
    """What becomes of a push at a box that answers so."""

    def roll_out(answering, token="x" * 24):
        monkeypatch.setenv("DEPLOY", token)
        with hostile_box(answering) as box:
            url = f"http://127.0.0.1:{box.port}"
            asked = SiteBox(name="north", url=url, deploy_token_env="DEPLOY")
            rollout = Rollout(lambda name, stage: None, timeout_s=60, answer_s=10)
            return rollout.run([asked], lambda _: push, 1)[0]

    return roll_out


def answering(latest=None, serial=0, site="north"):
    """A box that takes every push, and then says this of it."""

    def answer(path, out):
        said = {"site": site, "serial": serial, "kept": None, "latest": latest}
        if path == "/api/push" and not answer.offered:
            answer.offered = True
            said = {"serial": SERIAL, "files": ["gate.onnx"], "size": 5}
        out.write(whole(json.dumps(said).encode()))

    answer.offered = False
    return answer


def latest(stage, serial=SERIAL, **more):
    return {"serial": serial, "stage": stage, "key": "operator", **more}


def test_what_a_box_says_cannot_act_on_the_terminal(outcome):
    said = {"error": "no\x1b[2J", "todo": "\x1b]0;mine\x07", "code": "a\nb"}
    told = outcome(answering(latest("refused", **said)))
    assert told.outcome == "refused"
    assert all(each.isprintable() for each in (told.error, told.todo, told.code))


def test_a_refusal_without_a_code_is_one_all_the_same(outcome):
    told = outcome(answering(latest("refused")))
    assert (told.outcome, told.is_good) == ("refused", False)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "no", "more": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b"\xff",
        b"[]",
        b'{"error": "\\ud800"}',
        b"",
    ],
)
def test_answers_that_make_no_sense_end_nothing(outcome, body):
    told = outcome(lambda path, out: out.write(whole(body, status="400 No")))
    assert told.outcome == "unknown"
    assert "not as a page does" in told.error


@pytest.mark.parametrize("token", ["two\nlines of it", "ключ" * 6, "x" * 20 + "\x1b"])
def test_a_token_that_cannot_be_sent_is_said_and_not_shown(outcome, token):
    told = outcome(lambda path, out: None, token)
    assert told.outcome == "unknown"
    assert "is no token" in told.error
    assert token not in f"{told.error}{told.todo}"


def test_a_box_that_surprises_us_keeps_no_other_up(push, monkeypatch):
    monkeypatch.setenv("DEPLOY", "x" * 24)
    boxes = [
        SiteBox(name=name, url="http://127.0.0.1:1", deploy_token_env="DEPLOY") for name in "ab"
    ]

    def push_for(box):
        if box.name == "a":
            raise ZeroDivisionError("nobody thought of it")
        return push

    outcomes = Rollout(lambda name, stage: None, timeout_s=5).run(boxes, push_for, 2)
    assert [each.outcome for each in outcomes] == ["unknown", "unknown"]
    assert "ZeroDivisionError" in outcomes[0].error
    assert "does not answer" in outcomes[1].error


@pytest.mark.parametrize("after", [None, latest("receiving", serial=8)])
def test_a_push_that_holds_is_taken_over_whoever_came_next(outcome, after):
    told = outcome(answering(after, serial=SERIAL))
    assert (told.outcome, told.serial, told.is_good) == ("taken over", SERIAL, True)
    assert outcome(answering(after, serial=6)).outcome == "unknown"


def test_ctrl_c_waits_for_no_box(push, monkeypatch):
    monkeypatch.setenv("DEPLOY", "x" * 24)
    with hostile_box(answering(latest("checking"))) as box:
        url = f"http://127.0.0.1:{box.port}"
        asked = SiteBox(name="north", url=url, deploy_token_env="DEPLOY")
        stages = []

        def note(name, stage):
            stages.append(stage)
            if stage == "checking":
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        rollout = Rollout(note, timeout_s=3600)
        with pytest.raises(KeyboardInterrupt):
            rollout.run([asked], lambda _: push, 1)
    assert stages[-1] == "unknown"
