"""The short forms of the checks that docs/delivery.md names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).parents[4] / "tools"


def run(name, *words):
    command = [sys.executable, str(TOOLS / name), *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=400, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_no_event_is_lost_while_the_broker_is_away_nor_across_a_kill(mosquitto):
    said = run("check_delivery.py", "--away", "2")
    assert said.count(" 0 lost, 0 out of order") == 2
    assert said.endswith("passed\n")


def test_a_full_disk_stops_neither_cameras_nor_mqtt_and_the_store_recovers(mosquitto, small_disk):
    said = run("check_full_disk.py", "--full", "3")
    assert "the store says: the disk is full" in said
    assert said.endswith("passed\n")
