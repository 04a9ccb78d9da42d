"""What is kept of pushes outlives a power cut at any moment, and belongs to one site file."""

from __future__ import annotations

from contextlib import suppress

import pytest
from push_site import SITE

from edge_vad.errors import BadInput
from edge_vad.push import releases as module
from edge_vad.push.manifest import PushedFile, PushManifest
from edge_vad.push.releases import Releases
from edge_vad.push.roll_back import RollbackRequests, roll_back
from edge_vad.push.site_change import missing_files
from edge_vad.site.reading import decode_site

FIRST, SECOND, THIRD = (SITE.replace("{port}", str(port)) for port in (8001, 8002, 8003))


class PowerCut(BaseException):
    """Nothing is done after it, not even what cleans up."""


@pytest.fixture
def site_file(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(FIRST)
    return path


def take_over(site_file, serial, text):
    releases = Releases(site_file)
    releases.keep(serial, site_file.read_text(), releases.state().serial)
    site_file.write_text(text)
    return releases


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_power_cut_while_a_push_takes_over_leaves_what_could_be_rolled_back_to(
    site_file, monkeypatch, writes
):
    releases = take_over(site_file, 5, SECOND)
    write, done = module.write_whole, []

    def cut(*arguments):
        if len(done) == writes:
            raise PowerCut
        done.append(write(*arguments))

    with monkeypatch.context() as patched, suppress(PowerCut):  # before the site file is written
        patched.setattr(module, "write_whole", cut)
        releases.keep(6, SECOND, 5)
    releases.prune()
    state = releases.state()
    assert (state.serial, state.kept_serial) == (5, 0)
    assert releases.kept_text() == FIRST
    done = roll_back(site_file)
    assert (done.serial, done.kept) == (0, 5)
    assert site_file.read_text() == FIRST


def test_after_a_power_cut_the_site_file_may_be_changed_and_it_is_still_known_what_holds(site_file):
    releases = take_over(site_file, 5, SECOND)
    releases.keep(6, SECOND, 5)  # and the site file is not written any more
    releases.tidy()
    site_file.write_text(THIRD)
    releases.prune()
    state = releases.state()
    assert (state.serial, state.kept_serial, state.highest) == (5, 0, 6)
    assert releases.kept_text() == FIRST


def test_a_roll_back_that_cannot_be_written_changes_nothing(site_file, monkeypatch):
    releases = take_over(site_file, 5, SECOND)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("edge_vad.site.editing.write_whole", full)
        with pytest.raises(BadInput, match="cannot be written"):
            roll_back(site_file)
    state = releases.state()
    assert (state.serial, state.kept_serial) == (5, 0)
    assert releases.kept_text() == FIRST


def test_what_is_kept_and_was_changed_is_not_taken(site_file):
    releases = take_over(site_file, 5, SECOND)
    (kept,) = releases.folder.glob("kept-*.toml")
    kept.write_text(THIRD)
    with pytest.raises(BadInput, match="it was changed"):
        roll_back(site_file)
    assert site_file.read_text() == SECOND


def test_what_was_pushed_for_another_site_file_of_the_folder_is_not_rolled_back(site_file):
    releases = take_over(site_file, 5, SECOND)
    scene = releases.place_of(5) / "gate.onnx"
    scene.parent.mkdir()
    scene.touch()
    other = site_file.with_name("night.toml")
    other.write_text(THIRD)
    with pytest.raises(BadInput, match=r"are of site\.toml"):
        roll_back(other)
    Releases(other).prune()
    assert scene.exists()
    assert other.read_text() == THIRD


@pytest.mark.parametrize("way", ["pushed/5/gate.onnx", "./pushed/5/gate.onnx", "{}", "link.onnx"])
def test_scenes_that_are_shown_by_any_path_are_not_deleted(site_file, way):
    releases = Releases(site_file)
    scene = releases.place_of(5) / "gate.onnx"
    scene.parent.mkdir(parents=True)
    scene.touch()
    site_file.with_name("link.onnx").symlink_to("pushed/5/gate.onnx")
    site_file.write_text(FIRST.replace('"gate.onnx"', f'"{way.format(scene)}"'))
    releases.prune()
    assert scene.exists()
    site_file.write_text(FIRST)
    releases.prune()
    assert not scene.exists()


def test_a_roll_back_that_nobody_waits_for_any_more_is_not_done(running_box):
    box = running_box()
    box.stop()
    left = Releases(box.path).incoming(7)
    (left / "gate.onnx").write_text("half of a push that was cut off")
    (box.folder / "pushed/rollback.request").write_text("of a run that was switched off")
    running_box()
    assert not (box.folder / "pushed/rollback.request").exists()
    assert not left.exists()


def test_a_request_that_is_no_text_is_told_once(tmp_path):
    requests = RollbackRequests(tmp_path, lambda: None)
    requests.close()
    requests._thread.join()
    (tmp_path / "rollback.request").write_bytes(b"\xff")
    assert requests._taken() is None
    assert not (tmp_path / "rollback.request").exists()


def test_a_scene_that_one_of_two_cameras_lacks_is_missing(tmp_path):
    site = decode_site(
        FIRST.replace('"gate.onnx"', '"north/gate.onnx"').replace('"yard.onnx"', '"gate.onnx"')
    )
    (tmp_path / "north").mkdir()
    (tmp_path / "north/gate.onnx").write_text("old")
    (tmp_path / "gate.onnx").write_text("new")
    sha256 = module.digest_of(tmp_path / "gate.onnx")
    file = PushedFile(name="gate.onnx", size=3, sha256=sha256)
    manifest = PushManifest(site="north", serial=1, expires=1, files=(file,))
    assert missing_files(manifest, site, tmp_path) == (file,)
    (tmp_path / "north/gate.onnx").write_text("new")
    assert missing_files(manifest, site, tmp_path) == ()
