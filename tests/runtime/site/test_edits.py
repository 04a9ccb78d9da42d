"""What may be asked for through the page, in a site file and of hostile callers."""

from __future__ import annotations

import msgspec
import pytest

from edge_vad.alarms.settings import ZoneSettings
from edge_vad.errors import BadInput, WrongUse
from edge_vad.sinks.edits import AddCamera, ChangeCamera, RemoveCamera
from edge_vad.site.editing import edit_site
from edge_vad.site.edits import carry_out, demand_camera, forget_source, keep_source
from edge_vad.site.reading import read_site

SITE = """\
# The yard, and what is behind it.

# By the road.
[[cameras]]
name = "gate"      # wide
source = "0"
scene = "gate.onnx"
[cameras.decision]
false_alarms = "1/day"  # one may come
ignore = [[[0, 0], [9, 0], [9, 9]]]   # the clock

# The door alone.
[[cameras.decision.zones]]
name = "door"          # ours
polygon = [[0, 0], [5, 0], [5, 5]]
false_alarms = "3/day" # more

# Behind.
[[cameras]]
name = "yard"
source = "1"
scene = "yard.onnx"

[sinks]
folder = "watched" # on the large disk
"""
INLINE = (
    'cameras = [\n  {name = "gate", source = "0", scene = "gate.onnx"}, # one\n'
    '  {name = "yard", source = "1", scene = "yard.onnx", '
    'decision = {false_alarms = "1/day"}}, # two\n]\n'
)
SCENES = ("gate.onnx", "yard.onnx")
TRIANGLE = ((0.0, 0.0), (20.0, 0.0), (20.0, 20.5))
HOSTILE = {
    "a file": "clip.avi",
    "a file of this folder": "./clip.avi",
    "an absolute file": "/etc/passwd",
    "a folder": "frames",
    "a recording in real time": "clip.avi?realtime=1&loop=1",
    "a part of one": "clip.avi:0-50",
    "a file as an address": "file:///etc/passwd",
    "a file that is named like an address": "rtsp://cam/live",
    "a street": "test://street?seed=1",
    "concat": "concat:/etc/passwd|/etc/hosts",
    "subfile": "subfile,,start,0,end,10,,:/etc/passwd",
    "crypto": "crypto:/etc/passwd",
    "data": "data:text/plain,x",
    "pipe": "pipe:0",
    "gopher": "gopher://cam/1",
    "ftp": "ftp://cam/live.mp4",
    "smb": "smb://cam/share",
    "tee": "tee:/tmp/a|/tmp/b",
    "lavfi": "lavfi:testsrc",
    "unix": "unix:/run/docker.sock",
    "a scheme in a scheme": "http+file://cam/x",
    "async": "async:http://cam/x",
    "cache": "cache:http://cam/x",
    "listening": "udp://:9000",
    "tcp": "tcp://cam:9000",
    "srt": "srt://cam:9000",
    "rtmp": "rtmp://cam/live",
    "other hosts": "http://cam/live.m3u8#hosts=127.0.0.1",
    "an option of FFmpeg": "rtsp://cam/live#user_agent=x",
    "an unknown option": "rtsp://cam/live#protocol_whitelist=file",
    "a device that is none": "/dev/sda",
    "a path below a device": "/dev/video0/../sda",
    "standard input": "-",
    "nothing": "",
    "a space": " rtsp://cam/live",
    "a line break": "rtsp://cam/live\nsource = '/etc/passwd'",
    "a null": "rtsp://cam/\x00live",
    "right to left": "rtsp://cam/\u202elive",
    "no host": "rtsp:///live",
    "an environment variable": "$HOME",
    "a pipeline": "videotestsrc ! appsink",
    "csi with a path": "csi:///etc/passwd",
    "csi with a pipeline": "csi://0 ! filesink location=/tmp/x",
}


@pytest.fixture
def site(tmp_path, monkeypatch):
    path = tmp_path / "site.toml"
    path.write_text(SITE)
    monkeypatch.chdir(tmp_path)
    return path


def changed(path, camera, edit):
    return edit_site(path, lambda document: carry_out(document, camera, edit, SCENES))


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_nothing_but_cameras_can_be_added(site, source):
    (site.parent / "frames").mkdir()
    (site.parent / "clip.avi").write_bytes(b"RIFF")
    named = site.parent / "rtsp:" / "cam"
    named.mkdir(parents=True)
    (named / "live").write_bytes(b"RIFF")
    before = set(site.parent.rglob("*"))
    with pytest.raises(WrongUse) as refused:
        keep_source(AddCamera(name="new", source=source, scene="gate.onnx"), site)
    if len(source) > 2:
        assert source not in str(refused.value)
    assert set(site.parent.rglob("*")) == before


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://admin:se%23cret@cam:554/live?channel=1#transport=udp",
        "RTSPS://cam/live",
        "http://10.0.0.2/snap.jpg#fps=2",
        "https://[2001:db8::7]/live",
        "0",
        "/dev/video3?size=1280x720&fps=30",
        "csi://0",
    ],
)
def test_cameras_of_the_four_kinds_can_be_added(site, source):
    assert demand_camera(source)


def test_the_address_of_a_network_camera_stands_in_a_private_file_and_goes_with_it(site):
    folder, address = site.parent, "rtsp://admin:hunter2@cam/live"
    asked = AddCamera(name="new", source=address, scene="gate.onnx", false_alarms="2/day")
    said = changed(site, "", keep_source(asked, site)).cameras[-1]
    assert "hunter2" not in site.read_text()
    assert said.decision.false_alarms == "2/day"
    kept = folder / said.source_file
    assert kept.read_text().strip() == address
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    changed(site, "new", RemoveCamera())
    forget_source(said.source_file, folder)
    assert not kept.exists()
    assert site.read_text() == SITE


@pytest.mark.parametrize("path", ["site.toml", "../x", "secrets/../site.toml", "secrets/a", None])
def test_no_other_file_is_deleted(site, path):
    (site.parent / "secrets").mkdir()
    (site.parent / "secrets" / "a").write_text("mine")
    forget_source(path, site.parent)
    assert site.exists()
    assert (site.parent / "secrets" / "a").exists()


def test_a_plugged_camera_stands_in_the_file_itself(site):
    edit = keep_source(AddCamera(name="new", source="/dev/video2", scene="gate.onnx"), site)
    assert changed(site, "", edit).cameras[-1].source == "/dev/video2"


@pytest.mark.parametrize("scene", ["../other.onnx", "/etc/passwd", "missing.onnx", "Gate.onnx"])
def test_a_scene_is_one_of_those_that_are_offered(site, scene):
    with pytest.raises(WrongUse, match="no such scene"):
        changed(site, "", AddCamera(name="new", source="2", scene=scene))
    assert site.read_text() == SITE


@pytest.mark.parametrize(
    "field",
    [
        {"source_file": "/etc/passwd"},
        {"source_env": "HOME"},
        {"footage": ["/etc"]},
        {"decision": {}},
        {"timeout_s": 1},
    ],
)
def test_secrets_files_and_other_settings_cannot_be_named(field):
    said = {"name": "new", "source": "2", "scene": "gate.onnx"}
    assert msgspec.convert(said, AddCamera)
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({**said, **field}, AddCamera)
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert(field, ChangeCamera)


@pytest.mark.parametrize("text", [SITE, INLINE], ids=["tables", "in lines"])
def test_a_camera_is_renamed_tuned_and_removed(site, text):
    site.write_text(text)
    zones = (ZoneSettings(name="path", polygon=TRIANGLE, false_alarms="2/day"),)
    edit = ChangeCamera(name="garden", false_alarms="4/day", ignore=(TRIANGLE,), zones=zones)
    said = changed(site, "yard", edit).cameras[1]
    assert (said.name, said.decision.false_alarms) == ("garden", "4/day")
    assert (said.decision.ignore, said.decision.zones) == ((TRIANGLE,), zones)
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        line for line in site.read_text().splitlines() if line.startswith("#")
    ]
    said = changed(site, "garden", ChangeCamera(false_alarms=None, ignore=(), zones=()))
    assert said.cameras[1].decision == type(said.cameras[1].decision)()
    assert [each.name for each in changed(site, "garden", RemoveCamera()).cameras] == ["gate"]


def test_comments_stay_where_a_zone_is_changed_and_only_its_line_is(site):
    door = ZoneSettings(name="door", polygon=((0, 0), (5, 0), (5, 5)), false_alarms="9/day")
    changed(site, "gate", ChangeCamera(zones=(door,)))
    assert site.read_text() == SITE.replace('"3/day" #', '"9/day" #')


@pytest.mark.parametrize("text", [SITE, INLINE], ids=["tables", "in lines"])
def test_nothing_where_there_is_nothing_changes_no_line(site, text):
    site.write_text(text)
    changed(site, "yard", ChangeCamera(zones=(), ignore=(), name="yard"))
    assert site.read_text() == text


def test_what_is_the_same_changes_no_line(site):
    gate = read_site(site).cameras[0].decision
    edit = ChangeCamera(false_alarms="1/day", ignore=gate.ignore, zones=gate.zones)
    changed(site, "gate", edit)
    assert site.read_text() == SITE


@pytest.mark.parametrize(
    ("camera", "edit", "why"),
    [
        ("gate", ChangeCamera(name="yard"), "two cameras are called 'yard'"),
        ("gate", ChangeCamera(name="../x"), "only letters"),
        ("gate", ChangeCamera(name='x"\nsource = "y'), "only letters"),
        ("gate", ChangeCamera(false_alarms="often"), "not a rate"),
        ("gate", ChangeCamera(ignore=(((0, 0), (1, 1), (2, 2)),)), "one line"),
        ("", AddCamera(name="gate", source="3", scene="gate.onnx"), "two cameras"),
        ("", AddCamera(name="", source="3", scene="gate.onnx"), "only letters"),
    ],
)
def test_what_makes_the_site_invalid_is_refused_in_the_readers_words(site, camera, edit, why):
    with pytest.raises(BadInput, match=why):
        changed(site, camera, edit)
    assert site.read_text() == SITE


def test_a_site_keeps_its_last_camera(site):
    changed(site, "yard", RemoveCamera())
    with pytest.raises(BadInput, match=r"length >= 1|missing required field `cameras`"):
        changed(site, "gate", RemoveCamera())


def test_a_camera_that_is_not_there_is_an_error(site):
    for edit in (RemoveCamera(), ChangeCamera(name="x")):
        with pytest.raises(WrongUse, match="no camera"):
            changed(site, "nobody", edit)
