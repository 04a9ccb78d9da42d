"""A folder has one writer, and the kernel sees to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge_vad.errors import BadInput
from edge_vad.files.owner import LOCK, Owner

OWNING = """
import sys, time
from pathlib import Path
from edge_vad.files.owner import Owner
owner = Owner(Path(sys.argv[1]))
print("mine", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path):
    """Another process that owns a folder."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNING, str(tmp_path / "events")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "mine\n"
        yield process
        process.kill()


def test_a_second_owner_is_refused_and_told_who_the_first_is(other, tmp_path):
    (tmp_path / "alias").symlink_to(tmp_path / "events")
    for name in ("events", "alias", "events/../events"):
        with pytest.raises(BadInput, match=f"process {other.pid} writes into"):
            Owner(tmp_path / name)


def test_a_killed_owner_owns_nothing(other, tmp_path):
    other.kill()
    other.wait()
    Owner(tmp_path / "events").close()


def test_what_is_given_up_leaves_nothing_behind_and_may_be_taken(tmp_path):
    folder = tmp_path / "new" / "events"
    owner = Owner(folder)
    assert (folder / LOCK).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    owner.close()
    owner.close()
    assert not (tmp_path / "new").exists()
    Owner(folder).close()


def test_a_folder_with_something_in_it_stays(tmp_path):
    owner = Owner(tmp_path / "events")
    (tmp_path / "events" / "kept").write_text("kept")
    owner.close()
    assert [each.name for each in (tmp_path / "events").iterdir()] == ["kept"]


def test_a_lock_that_was_removed_under_its_owner_is_found_out(tmp_path):
    first = Owner(tmp_path)
    (tmp_path / LOCK).unlink()
    Owner(tmp_path).close()  # nobody can be kept from removing a file, but nothing hangs or breaks
    first.close()


def test_a_file_has_one_writer_too(tmp_path):
    first = Owner(tmp_path / "events.jsonl", is_file=True)
    with pytest.raises(BadInput, match="writes into"):
        Owner(tmp_path / "events.jsonl", is_file=True)
    Owner(tmp_path / "others.jsonl", is_file=True).close()
    first.close()


def test_where_nothing_can_be_made_that_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot write into the folder"):
        Owner(tmp_path / "file" / "events")
