"""The named check: from a camera on the network to an alarm on a phone, killed twice on its way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rtsp_camera import has_rtsp_server, require

TOOL = Path(__file__).parents[3] / "tools" / "check_first_hour.py"


@pytest.mark.long
def test_a_fresh_folder_becomes_a_site_whose_alarm_reaches_a_phone_with_its_picture() -> None:
    require(has_rtsp_server(), "GStreamer's RTSP server")
    words = [sys.executable, TOOL, "--minutes", "1"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout[: done.stdout.rindex("}") + 1])
    first, second, last = told["steps"]
    assert first == ["config", "snapshot", "config", "notify", "record"]
    assert second == ["record", "train"]
    assert last == ["train", "export", "verify", "config"]
    assert told["pictures"] == 1
    assert not told["password_shown"]
