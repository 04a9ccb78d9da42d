"""What is changed in a site file is taken over by the run, without a restart."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from edge_vad.alarms.settings import ZoneSettings
from edge_vad.camera_state import CameraState
from edge_vad.errors import BadInput, BadModel, Unavailable, WrongUse
from edge_vad.events import ChangeKind
from edge_vad.live.factory import Scenes, assemble
from edge_vad.live.running_site import RunningSite
from edge_vad.sinks.edits import AddCamera, ChangeCamera, EditConflict, RemoveCamera
from edge_vad.site.reading import read_site

LEFT, RIGHT = (
    ((left, 0.0), (left + 32.0, 0.0), (left + 32.0, 48.0), (left, 48.0)) for left in (0.0, 32.0)
)
SITE = """\
# Ours.
[[cameras]]
name = "gate"
source = "gate.avi?realtime=1&loop=1"
scene = "scene.onnx"
[cameras.decision]
false_alarms = "1/hour"  # one may come

[[cameras]]
name = "yard"
source = "yard.avi?realtime=1&loop=1"
scene = "scene.onnx"
"""


@pytest.fixture
def running(request, tmp_path, tiny_scene, make, notes, monkeypatch):
    """A run of two cameras that goes on, its editor, and what its sinks are told."""
    monkeypatch.chdir(tmp_path)
    tiny_scene()
    for name in ("gate", "yard"):
        make.avi(tmp_path / f"{name}.avi", make.movement())
    path = tmp_path / "site.toml"
    path.write_text(getattr(request, "param", SITE))
    watched = []
    notes.watch = lambda cameras: watched.append([camera.name for camera in cameras])
    with ExitStack() as undo:
        site = read_site(path)
        scenes = Scenes(site, tmp_path, undo)
        loop = assemble(site, tmp_path, scenes, lambda: None)
        thread = threading.Thread(target=loop.run, args=([notes],), daemon=True)
        thread.start()
        editor = RunningSite(path, site, scenes, loop)
        yield SimpleNamespace(
            path=path, loop=loop, editor=editor, notes=notes, watched=watched, thread=thread
        )
        loop.stop()
        thread.join(120)
        assert not thread.is_alive()


def eventually(condition):
    """Wait until something holds; returns what it was."""
    until = time.monotonic() + 120
    while not (held := condition()):
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)
    return held


def change(running, camera, edit):
    return running.editor.change(running.editor.read().digest, camera, edit)


def scored(running, camera):
    return len(running.notes.of(camera))


def test_a_camera_is_added_renamed_and_removed_while_the_others_go_on(running):
    eventually(lambda: scored(running, "gate") > 3)
    gate = running.loop.pipeline("gate")
    address = "rtsp://admin:hunter2@127.0.0.1:9/live"
    said = change(running, "", AddCamera(name="new", source=address, scene="scene.onnx"))
    assert [camera.name for camera in said.cameras] == ["gate", "yard", "new"]
    assert running.watched == [["gate", "yard", "new"]]
    eventually(lambda: ("new", CameraState.NO_SIGNAL) in running.notes.states)

    said = change(running, "new", ChangeCamera(name="back"))
    assert [camera.name for camera in running.loop.cameras] == ["gate", "yard", "back"]
    assert ("new", CameraState.ENDED) in running.notes.states
    eventually(lambda: ("back", CameraState.NO_SIGNAL) in running.notes.states)

    (kept,) = (running.path.parent / "secrets").iterdir()
    change(running, "back", RemoveCamera())
    assert ("back", CameraState.ENDED) in running.notes.states
    assert not kept.exists()
    assert running.path.read_text().rstrip() == SITE.rstrip()
    assert running.loop.pipeline("gate") is gate
    before = scored(running, "gate")
    eventually(lambda: scored(running, "gate") > before + 3)


def test_a_camera_of_a_recording_is_renamed_and_watched_on(running):
    change(running, "yard", ChangeCamera(name="garden"))
    eventually(lambda: scored(running, "garden") > 3)
    there = scored(running, "yard")
    eventually(lambda: scored(running, "garden") > 8)
    assert scored(running, "yard") == there


def test_a_zone_is_taken_over_without_a_new_connection(running):
    eventually(lambda: scored(running, "gate") > 3)
    capture = running.loop.pipeline("gate").capture
    zones = tuple(
        ZoneSettings(name=name, polygon=polygon, false_alarms="30/hour")
        for name, polygon in (("left", LEFT), ("right", RIGHT))
    )
    edit = ChangeCamera(zones=zones)
    assert change(running, "gate", edit).cameras[0].zones == edit.zones
    eventually(
        lambda: (
            {
                each.event.zone
                for each in list(running.notes.changes)
                if each.event.camera == "gate" and each.kind is ChangeKind.NEW
            }
            & {"left", "right"}
        ),
    )
    assert running.loop.pipeline("gate").capture is capture
    assert running.watched == []


def test_a_rate_is_kept_in_the_file_and_ends_no_event(running):
    goes_on = eventually(lambda: running.loop.pipeline("gate").decision.ongoing)
    change(running, "gate", ChangeCamera(false_alarms="2/hour"))
    assert running.loop.false_alarms("gate") == "2/hour"
    assert running.path.read_text() == SITE.replace('"1/hour"', '"2/hour"')
    still = running.loop.pipeline("gate").decision.ongoing
    ended = [each.event.id for each in list(running.notes.changes) if each.kind is ChangeKind.END]
    assert still is None or still.id == goes_on.id or goes_on.id in ended
    change(running, "yard", ChangeCamera(false_alarms="3/hour"))
    assert running.loop.false_alarms("yard") == "3/hour"


def test_two_editors_do_not_overwrite_one_another(running):
    seen = running.editor.read().digest
    change(running, "gate", ChangeCamera(false_alarms="2/hour"))
    with pytest.raises(EditConflict):
        running.editor.change(seen, "gate", ChangeCamera(false_alarms="9/hour"))
    assert running.loop.false_alarms("gate") == "2/hour"
    by_hand = running.path.read_text().replace("# Ours.", "# Theirs.")
    seen = running.editor.read().digest
    running.path.write_text(by_hand)
    with pytest.raises(EditConflict):
        running.editor.change(seen, "gate", RemoveCamera())
    assert running.path.read_text() == by_hand


def test_what_was_written_by_hand_meanwhile_is_taken_over_with_the_next_change(running):
    text = SITE.replace('"1/hour"', '"5/hour"').replace('name = "yard"', 'name = "pond"')
    running.path.write_text(text)
    change(running, "gate", ChangeCamera(ignore=(LEFT,)))
    assert running.loop.false_alarms("gate") == "5/hour"
    assert [camera.name for camera in running.loop.cameras] == ["gate", "pond"]


@pytest.mark.parametrize(
    ("camera", "edit", "error"),
    [
        ("", AddCamera(name="x", source="rtsp://c/1", scene="broken.onnx"), BadModel),
        ("", AddCamera(name="gate", source="rtsp://c/1", scene="scene.onnx"), BadInput),
        ("", AddCamera(name="x", source="test://street?seed=1", scene="scene.onnx"), WrongUse),
        ("gate", ChangeCamera(name="yard"), BadInput),
        ("nobody", RemoveCamera(), WrongUse),
    ],
)
def test_what_cannot_be_watched_changes_neither_file_nor_run(running, camera, edit, error):
    (running.path.parent / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(error):
        change(running, camera, edit)
    assert running.path.read_text() == SITE
    assert not list(running.path.parent.glob("secrets/*"))
    assert running.watched == []


def test_a_file_that_somebody_has_broken_is_told_and_stays(running):
    digest = running.editor.read().digest
    running.path.write_text(SITE + "[[cameras")
    with pytest.raises(BadInput, match="no TOML"):
        running.editor.read()
    with pytest.raises(BadInput, match="no TOML"):
        running.editor.change(digest, "gate", RemoveCamera())
    assert running.path.read_text() == SITE + "[[cameras"


def test_many_at_once_are_all_taken_over_or_told_of_a_conflict(running):
    outcomes = []

    def add(number):
        edit = AddCamera(name=f"c{number}", source="/dev/video9", scene="scene.onnx")
        try:
            change(running, "", edit)
            outcomes.append(f"c{number}")
        except EditConflict:
            outcomes.append(None)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    added = {name for name in outcomes if name}
    assert len(outcomes) == 6
    assert added
    names = {camera.name for camera in running.loop.cameras}
    assert names == {"gate", "yard", *added}
    assert {camera.name for camera in read_site(running.path).cameras} == names


def test_a_run_that_has_ended_takes_nothing_over(running, monkeypatch):
    monkeypatch.setattr("edge_vad.live.change._PATIENCE_S", 0.2)
    running.loop.stop()
    running.thread.join(120)
    with pytest.raises(Unavailable):
        change(running, "gate", ChangeCamera(name="door"))


BUDGET = """\
false_alarms = "3/day"  # of all together

[[cameras]]
name = "gate"
source = "gate.avi?realtime=1&loop=1"
scene = "scene.onnx"

[[cameras]]
name = "yard"
source = "yard.avi?realtime=1&loop=1"
scene = "scene.onnx"
[cameras.decision]
hysteresis = 5.0
"""


def rates(running):
    return {each.name: each.false_alarms for each in running.loop.status()}


@pytest.mark.parametrize("running", [BUDGET], indirect=True)
def test_a_budget_is_kept_while_cameras_come_go_and_say_their_own(running):
    assert rates(running) == {"gate": "1.5/day", "yard": "1.5/day"}
    gate = running.loop.pipeline("gate")
    threshold, capture = gate.decision.level.begin, gate.capture
    address = "rtsp://127.0.0.1:9/live"
    said = change(running, "", AddCamera(name="new", source=address, scene="scene.onnx"))
    assert said.false_alarms == "3/day"
    assert [each.false_alarms for each in said.cameras] == [None, None, None]
    assert rates(running) == {"gate": "1/day", "yard": "1/day", "new": "1/day"}
    assert gate.decision.level.begin > threshold
    change(running, "new", ChangeCamera(false_alarms="2/day"))
    assert rates(running) == {"gate": "0.5/day", "yard": "0.5/day", "new": "2/day"}
    change(running, "new", RemoveCamera())
    assert rates(running) == {"gate": "1.5/day", "yard": "1.5/day"}
    assert gate.decision.level.begin == pytest.approx(threshold)
    assert running.loop.pipeline("gate").capture is capture
    assert running.path.read_text().rstrip() == BUDGET.rstrip()


@pytest.mark.parametrize("running", [BUDGET], indirect=True)
def test_a_share_that_changes_ends_no_event(running):
    goes_on = eventually(lambda: running.loop.pipeline("gate").decision.ongoing)
    change(running, "yard", ChangeCamera(false_alarms="2/day"))
    assert rates(running) == {"gate": "1/day", "yard": "2/day"}
    still = running.loop.pipeline("gate").decision.ongoing
    ended = [each.event.id for each in list(running.notes.changes) if each.kind is ChangeKind.END]
    assert still is None or still.id == goes_on.id or goes_on.id in ended


@pytest.mark.parametrize("running", [BUDGET], indirect=True)
def test_a_rate_that_leaves_nothing_of_the_budget_is_refused_and_changes_nothing(running):
    with pytest.raises(WrongUse, match=r"3/day for all .* 3 a day, and nothing is left for gate"):
        change(running, "yard", ChangeCamera(false_alarms="3/day"))
    assert running.path.read_text() == BUDGET
    assert rates(running) == {"gate": "1.5/day", "yard": "1.5/day"}


@pytest.mark.parametrize("running", [BUDGET], indirect=True)
def test_zones_with_their_own_rate_take_it_from_the_budget(running):
    zone = ZoneSettings(name="left", polygon=LEFT, false_alarms="1/day")
    change(running, "gate", ChangeCamera(zones=(zone,)))
    assert rates(running) == {"gate": "1/day", "yard": "1/day"}
    accepted = {each.name: each.accepted_per_hour * 24 for each in running.loop.status()}
    assert accepted == pytest.approx({"gate": 2.0, "yard": 1.0})
