"""A box takes what is signed, new and sound, refuses all else, and watches all the time."""

from __future__ import annotations

import base64
import gc
import json
import socket
import threading
import time
import weakref
from types import SimpleNamespace

import msgspec
import pytest
from push_site import SITE, resigned

from edge_vad.errors import BadInput, EdgeVadError
from edge_vad.push.keys import make_key
from edge_vad.push.releases import Releases
from edge_vad.push.roll_back import roll_back
from edge_vad.scoring.scorer import Scorer
from edge_vad.sinks.http.connection import LONGEST_S, Phase
from edge_vad.site.reading import read_site


@pytest.fixture
def box(running_box):
    return running_box()


@pytest.fixture
def scenes(tmp_path, other_scene):
    """A folder with another scene of the gate."""
    other_scene(tmp_path / "scenes/gate.onnx")
    return tmp_path / "scenes"


def offer(push):
    return {
        "manifest": push.content.decode(),
        "signature": base64.b64encode(push.signature).decode(),
    }


def refused(answer, status, code):
    assert answer.status == status, answer.body
    assert answer.json["code"] == code
    assert answer.json["todo"]
    return answer.json["error"]


def unchanged(box):
    """Nothing of a push stays, and the box watches on."""
    assert box.scenes_shown() == {"gate": "gate.onnx", "yard": "yard.onnx"}
    box.eventually(lambda: not [each for each in box.pushed() if each not in _BOOKS])
    box.sees_on()


_BOOKS = {".edge-vad.lock", "history.jsonl", "state.json"}


def test_scenes_are_taken_over_and_rolled_back_while_cameras_are_watched(box, scenes, other_scene):
    gate, yard = (box.loop.pipeline(name) for name in ("gate", "yard"))
    first = box.push(box.push_of(scenes))
    assert (first.outcome, first.cameras, first.error) == ("taken over", 1, "")
    assert box.scenes_shown() == {"gate": f"pushed/{first.serial}/gate.onnx", "yard": "yard.onnx"}
    assert "# at the front" in box.path.read_text()
    assert box.loop.pipeline("gate").capture is gate.capture
    assert box.loop.pipeline("yard") is yard
    assert not [name for name, state in box.counted.states if state == "ended"]
    box.sees_on()

    other_scene(scenes / "gate.onnx", 3.0)
    second = box.push(box.push_of(scenes))
    assert second.outcome == "taken over"
    assert json.loads(box.ask("/api/push").body)["kept"] == first.serial

    done = roll_back(box.path)
    assert (done.serial, done.kept, done.running) == (first.serial, second.serial, True)
    assert box.scenes_shown()["gate"] == f"pushed/{first.serial}/gate.onnx"
    model = box.loop.pipeline("gate").plan.model.path
    assert str(model).endswith(f"pushed/{first.serial}/gate.onnx")
    box.sees_on()
    assert roll_back(box.path).serial == second.serial
    lines = (box.folder / "pushed/history.jsonl").read_text().splitlines()
    outcomes = [json.loads(line)["outcome"] for line in lines]
    assert outcomes == ["taken over", "taken over", "rolled back", "rolled back"]


def test_scenes_of_pushes_that_nobody_shows_any_more_are_deleted(box, scenes, other_scene):
    serials = []
    for factor in (2.0, 3.0, 4.0):
        other_scene(scenes / "gate.onnx", factor)
        serials.append(box.push(box.push_of(scenes)).serial)
    box.eventually(lambda: {str(serials[0])} & box.pushed() == set())
    assert {str(each) for each in serials[1:]} <= box.pushed()


def test_a_push_that_changes_nothing_uploads_nothing(box, tmp_path):
    same = tmp_path / "same"
    same.mkdir()
    (same / "gate.onnx").write_bytes((box.folder / "gate.onnx").read_bytes())
    outcome = box.push(box.push_of(same))
    assert (outcome.outcome, outcome.files, outcome.cameras) == ("taken over", 0, 0)
    assert outcome.serial == box.serial
    unchanged(box)


def test_what_is_older_than_a_push_that_changed_nothing_is_refused_too(box, scenes, tmp_path):
    older = box.push_of(scenes)
    same = tmp_path / "same"
    same.mkdir()
    (same / "gate.onnx").write_bytes((box.folder / "gate.onnx").read_bytes())
    assert box.push(box.push_of(same)).outcome == "taken over"
    assert box.push(older).code == "push-older"
    unchanged(box)


def test_a_scene_that_was_altered_on_the_way_is_refused(box, scenes):
    push = box.push_of(scenes)
    content = bytearray((scenes / "gate.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (scenes / "gate.onnx").write_bytes(content)
    outcome = box.push(push)
    assert (outcome.outcome, outcome.code) == ("refused", "push-altered")
    unchanged(box)


def test_a_manifest_that_was_altered_is_refused(box, scenes):
    push = box.push_of(scenes)
    altered = push._replace(content=push.content.replace(b'"serial":1', b'"serial":2'))
    assert altered.content != push.content
    outcome = box.push(altered)
    assert (outcome.outcome, outcome.code) == ("refused", "push-unknown-key")
    unchanged(box)


def test_a_key_that_the_box_does_not_know_is_refused(box, scenes, tmp_path):
    make_key(tmp_path / "other.key", "somebody")
    outcome = box.push(box.push_of(scenes, key=tmp_path / "other.key"))
    assert (outcome.outcome, outcome.code) == ("refused", "push-unknown-key")
    unchanged(box)


def test_an_older_push_is_refused_also_after_a_roll_back(box, scenes, other_scene):
    taken = box.push_of(scenes)
    assert box.push(taken).outcome == "taken over"
    other_scene(scenes / "gate.onnx", 3.0)
    assert box.push(box.push_of(scenes, serial=10)).code == "push-older"
    assert box.push(taken).code == "push-older"
    roll_back(box.path)
    assert box.push(taken).code == "push-older"
    assert box.scenes_shown()["gate"] == "gate.onnx"


def test_a_push_that_has_expired_or_is_for_another_site_is_refused(box, scenes):
    assert box.push(box.push_of(scenes, expires=1000)).code == "push-older"
    assert box.push(box.push_of(scenes, site="south")).code == "push-refused"
    unchanged(box)


def test_a_scene_that_fails_its_selftest_is_not_taken_over(box, tmp_path, other_scene):
    other_scene(tmp_path / "bad/gate.onnx", float("nan"))
    outcome = box.push(box.push_of(tmp_path / "bad"))
    assert (outcome.outcome, outcome.code) == ("refused", "push-selftest")
    assert "does not agree" in outcome.error
    unchanged(box)


def test_a_selftest_that_takes_too_long_is_ended(running_box, scenes, tmp_path, monkeypatch):
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o700)
    monkeypatch.setattr("edge_vad.push.trial.sys", SimpleNamespace(executable=str(slow)))
    box = running_box(SITE + "selftest_s = 1\n")
    outcome = box.push(box.push_of(scenes))
    assert (outcome.outcome, outcome.code) == ("refused", "push-selftest")
    assert "within 1 s" in outcome.error
    unchanged(box)


def test_an_upload_that_is_cut_leaves_nothing_behind(box, scenes):
    with _begun(box, box.push_of(scenes)) as line:
        line.sendall((scenes / "gate.onnx").read_bytes()[:100])
        box.eventually(lambda: any(each.startswith(".incoming-") for each in box.pushed()))
    box.eventually(lambda: box.ask("/api/push").json["latest"]["stage"] == "refused")
    assert box.ask("/api/push").json["latest"]["code"] == "push-incomplete"
    unchanged(box)
    assert box.push(box.push_of(scenes)).outcome == "taken over"


def test_one_push_at_a_time(box, scenes):
    push, other = box.push_of(scenes), box.push_of(scenes)
    assert box.ask("/api/push", "POST", offer(push)).status == 200
    refused(box.ask("/api/push", "POST", offer(other)), 409, "push-busy")
    serial, content = push.manifest.serial, (scenes / "gate.onnx").read_bytes()
    path = f"/api/push/{serial}/files"
    answers = []
    both = [
        threading.Thread(target=lambda: answers.append(box.ask(path, "POST", content)))
        for _ in range(2)
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(each.status for each in answers) == [200, 400]
    box.eventually(lambda: box.ask("/api/push").json["latest"]["stage"] == "taken over")
    assert box.ask("/api/push").json["serial"] == serial


def test_what_is_offered_is_held_to_bounds(box, scenes, tmp_path):
    push = box.push_of(scenes)
    good = offer(push)
    error = refused(
        box.ask("/api/push", "POST", {**good, "manifest": "x" * 200_000}), 413, "refused-request"
    )
    assert "too long" in error
    for signature in ("", "!", base64.b64encode(b"short").decode()):
        answer = box.ask("/api/push", "POST", {**good, "signature": signature})
        assert answer.status in (400, 403)
    assert box.ask("/api/push", "POST", {**good, "manifest": "\ud800"}).status == 400
    for said in (b"", b"[]", b"{}", b'{"manifest": 1}', json.dumps(good | {"more": 1}).encode()):
        assert box.ask("/api/push", "POST", said).status == 400
    path = f"/api/push/{push.manifest.serial}/files"
    refused(box.ask(path, "POST", b"unasked"), 400, "push-refused")
    for serial in ("0", "-1", "x", "1" * 30, "..", "%2e%2e"):
        assert box.ask(f"/api/push/{serial}/files", "POST", b"").status in (400, 404)
    assert box.ask("/api/push", "POST", good).status == 200
    refused(box.ask(path, "POST", b"too short"), 400, "push-incomplete")
    unchanged(box)


def test_a_signed_manifest_is_held_to_bounds_all_the_same(box, scenes):
    for change in (
        lambda said: said["files"][0].update(name="../gate.onnx"),
        lambda said: said["files"].append(said["files"][0]),
        lambda said: said["files"][0].update(size=2**40),
        lambda said: said.update(code="import os"),
    ):
        push = resigned(box, scenes, change)
        refused(box.ask("/api/push", "POST", offer(push)), 400, "push-refused")
    unchanged(box)


def test_a_scene_that_no_camera_shows_is_refused(box, scenes, other_scene):
    other_scene(scenes / "pond.onnx")
    outcome = box.push(box.push_of(scenes))
    assert outcome.code == "push-refused"
    assert "pond.onnx" in outcome.error
    assert "gate.onnx" in outcome.todo
    unchanged(box)


def test_only_the_deploy_token_pushes_and_it_allows_nothing_else(box, scenes):
    said = offer(box.push_of(scenes))
    for by in ("LOOK", "CHANGE"):
        assert box.ask("/api/push", "POST", said, by=by).status == 403
        assert box.ask("/api/push", by=by).status == 403
    assert box.ask("/api/push", by="").status == 401
    for path in ("/api/site", "/api/live", "/api/events", "/api/edit"):
        assert box.ask(path).status == 403
    threshold = {"false_alarms": "1/day"}
    assert box.ask("/api/cameras/0/threshold", "POST", threshold).status == 403
    assert box.ask("/api/login", "POST", {"token": box.tokens["DEPLOY"]}, by="").status == 401
    assert box.ask("/api/push").status == 200


def test_a_pushed_site_file_changes_cameras_and_nothing_else(box, scenes):
    text = box.path.read_text()
    changed = text.replace('"1/hour"', '"3/hour"').replace("# Ours.", "# Theirs.")
    (scenes / "site.toml").write_text(changed)
    outcome = box.push(box.push_of(scenes))
    assert (outcome.outcome, outcome.error) == ("taken over", "")
    gate, _ = read_site(box.path).cameras
    assert gate.decision.false_alarms == "3/hour"
    assert gate.scene == f"pushed/{outcome.serial}/gate.onnx"
    assert box.loop.false_alarms("gate") == "3/hour"
    for said in (
        changed.replace(
            "[sinks.store]", '[sinks.webhook]\nurl = "http://10.0.0.1/"\n[sinks.store]'
        ),
        changed.replace('site = "north"', 'site = "mine"'),
        changed.replace("gate.avi?", "/etc/passwd?"),
        changed.replace('source = "gate.avi?realtime=1&loop=1"', 'source_file = "/etc/shadow"'),
        changed.replace('scene = "gate.onnx"', 'scene = "../gate.onnx"'),
        changed.replace("[cameras.decision]", 'footage = ["/"]\n[cameras.decision]'),
    ):
        (scenes / "site.toml").write_text(said)
        before = box.path.read_text()
        refusal = box.push(box.push_of(scenes))
        assert (refusal.outcome, refusal.code) == ("refused", "push-refused"), said
        assert box.path.read_text() == before
    roll_back(box.path)
    assert box.path.read_text() == text
    box.sees_on()


def test_a_scene_that_cannot_be_scored_where_it_runs_is_rolled_back_by_itself(
    box, scenes, monkeypatch
):
    score, text = Scorer.score, box.path.read_text()

    def broken(self, prepared):
        if "pushed" in str(self.model.path):
            raise EdgeVadError("the device failed", "replace it")
        return score(self, prepared)

    monkeypatch.setattr(Scorer, "score", broken)
    outcome = box.push(box.push_of(scenes))
    assert (outcome.outcome, outcome.code) == ("rolled back", "bad-model")
    assert "the device failed" in outcome.error
    assert box.path.read_text() == text
    assert outcome.serial == 0
    box.sees_on()
    with pytest.raises(BadInput, match="nothing is kept"):
        roll_back(box.path)


def test_the_push_that_holds_is_known_after_a_restart(running_box, scenes, other_scene):
    box = running_box()
    taken = box.push(box.push_of(scenes))
    box.stop()
    again = running_box()
    assert again.ask("/api/push").json["serial"] == taken.serial
    assert again.loop.pipeline("gate").plan.model.path.parts[-2] == str(taken.serial)
    again.stop()
    done = roll_back(box.path)
    assert (done.serial, done.running) == (0, False)
    assert box.scenes_shown()["gate"] == "gate.onnx"


def test_a_push_that_died_before_the_switch_does_not_hold(running_box, scenes):
    box = running_box()
    box.stop()
    Releases(box.path).keep(77, box.path.read_text(), 0)
    state = Releases(box.path).state()
    assert (state.serial, state.kept, state.highest) == (0, None, 77)


def test_a_box_without_a_page_is_refused_at_its_start(running_box):
    with pytest.raises(BadInput, match="no token to push by"):
        running_box(SITE.replace('deploy_token_env = "DEPLOY"\n', ""))


def test_the_status_is_a_document_of_its_own(box):
    said = box.ask("/api/push").json
    assert said == {"site": "north", "serial": 0, "kept": None, "latest": None}
    assert msgspec.json.encode(said)


def _begun(box, push):
    """A connection on which an upload has begun, and how many bytes are to come."""
    wanted = box.ask("/api/push", "POST", offer(push)).json
    line = socket.create_connection(("127.0.0.1", box.port), timeout=120)
    head = (
        f"POST /api/push/{wanted['serial']}/files HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {box.tokens['DEPLOY']}\r\nContent-Length: {wanted['size']}\r\n\r\n"
    )
    line.sendall(head.encode())
    return line


def test_an_upload_may_be_slow_as_long_as_it_comes_on(box, scenes, monkeypatch):
    monkeypatch.setitem(LONGEST_S, Phase.BODY, 1.0)
    content = (scenes / "gate.onnx").read_bytes()
    step = len(content) // 8 + 1
    parts = [content[at : at + step] for at in range(0, len(content), step)]
    with _begun(box, box.push_of(scenes)) as line:
        for part in parts:
            line.sendall(part)
            time.sleep(0.4)
        assert line.recv(100).startswith(b"HTTP/1.1 200")
    box.eventually(lambda: box.ask("/api/push").json["latest"]["stage"] == "taken over")


def test_an_upload_that_comes_on_no_more_is_cut(box, scenes, monkeypatch):
    monkeypatch.setitem(LONGEST_S, Phase.UPLOAD, 0.3)
    with _begun(box, box.push_of(scenes)) as line:
        line.sendall(b"x")
        box.eventually(lambda: box.ask("/api/push").json["latest"]["stage"] == "refused")
        assert line.recv(100) == b""
    unchanged(box)


def test_scenes_that_are_shown_no_more_are_let_go(box, scenes):
    before = weakref.ref(box.loop.pipeline("gate").plan.model)
    assert box.push(box.push_of(scenes)).outcome == "taken over"
    box.eventually(lambda: gc.collect() >= 0 and before() is None)
