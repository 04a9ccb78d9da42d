from __future__ import annotations

import errno
import os

import pytest

from edge_vad.errors import BadInput, EdgeVadError
from edge_vad.outputs.folder import OutputFolder


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def fail_after_writing(path, error, **files):
    with OutputFolder(path) as out:
        for name, text in files.items():
            (out.staging / name).write_text(text)
        raise error


def test_files_come_into_place_together_at_the_end(tmp_path):
    target = tmp_path / "a" / "b"
    with OutputFolder(target) as out:
        (out.staging / "scores").write_text("1")
        (out.staging / "events").write_text("2")
        assert not (target / "scores").exists()
    assert names(target) == ["events", "scores"]
    assert out.interrupted is None


def test_a_folder_takes_the_place_of_the_earlier_one(tmp_path):
    for text in ("old", "new"):
        with OutputFolder(tmp_path) as out:
            (out.staging / "moments").mkdir()
            (out.staging / "moments" / text).write_text(text)
    assert names(tmp_path / "moments") == ["new"]


def test_earlier_outputs_stay_whole_until_then_and_other_files_always(tmp_path):
    (tmp_path / "scores").write_text("old")
    (tmp_path / "mine").write_text("mine")
    with OutputFolder(tmp_path) as out:
        (out.staging / "scores").write_text("new")
        assert (tmp_path / "scores").read_text() == "old"
    assert (tmp_path / "scores").read_text() == "new"
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BadInput("a", "b"), ValueError()])
def test_a_broken_runs_files_are_kept_apart(tmp_path, error):
    (tmp_path / "scores").write_text("old")
    with pytest.raises(type(error)):
        fail_after_writing(tmp_path, error, scores="half")
    assert names(tmp_path) == ["interrupted", "scores"]
    assert (tmp_path / "scores").read_text() == "old"
    assert (tmp_path / "interrupted" / "scores").read_text() == "half"


def test_a_later_broken_run_takes_the_place_of_an_older_one(tmp_path):
    for text in ("first", "second"):
        with pytest.raises(KeyboardInterrupt):
            fail_after_writing(tmp_path, KeyboardInterrupt(), **{text: text})
    assert names(tmp_path / "interrupted") == ["second"]


def test_a_run_that_broke_before_it_wrote_leaves_no_trace(tmp_path):
    target = tmp_path / "a" / "b"
    with pytest.raises(ValueError, match="early"):
        fail_after_writing(target, ValueError("early"), scores="")
    assert names(tmp_path) == []


def test_a_run_that_broke_early_removes_no_folder_of_others(tmp_path):
    with pytest.raises(ValueError, match="early"):
        fail_after_writing(tmp_path, ValueError("early"))
    assert tmp_path.is_dir()


@pytest.mark.parametrize("place", ["/proc/edge-vad", "file", "file/below/it"])
def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path, place):
    (tmp_path / "file").write_text("mine")
    path = tmp_path / place
    with pytest.raises(BadInput, match=f"cannot write into the folder {path} \\(.+\\)"):
        OutputFolder(path)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_full_disk_is_told_as_such(tmp_path):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(EdgeVadError, match="no space is left") as caught:
        fail_after_writing(tmp_path, full, scores="half")
    assert "free some space" in caught.value.todo
    assert names(tmp_path) == ["interrupted"]
