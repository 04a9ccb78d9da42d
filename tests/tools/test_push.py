"""What `make push` says is so: a box watches on whatever is pushed to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_a_box_watches_on_while_good_and_bad_scenes_are_pushed_to_it():
    words = [sys.executable, "tools/check_push.py", "--quiet", "3"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 9
    assert "WRONG" not in done.stdout
    for row in rows[2:]:
        frames, longest = row.split(" | ")[3:5]
        assert all(float(each) > 1 for each in frames.split(";")), row
        assert all(float(each.strip(" |")) < 10 for each in longest.split(";")), row
