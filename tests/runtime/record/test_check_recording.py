"""The named check: a 1080p camera by RTSP, killed while it is recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rtsp_camera import has_rtsp_server, require

TOOL = Path(__file__).parents[3] / "tools" / "check_recording.py"


@pytest.mark.long
def test_three_minutes_of_a_1080p_camera_survive_two_kills_for_a_tenth_of_a_core() -> None:
    require(has_rtsp_server(), "GStreamer's RTSP server")
    done = subprocess.run([sys.executable, TOOL], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout[: done.stdout.rindex("}") + 1])
    assert len(told["lost_s"]) == 2
    assert max(told["lost_s"]) <= 2.0
    assert told["damaged"] == 0
    assert told["pictures"] > 4400
    assert told["cores"] < 0.1
