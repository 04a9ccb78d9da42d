from __future__ import annotations

import subprocess
import sys
import time

import pytest

from edge_vad_bench.measure import cpu_contention
from edge_vad_bench.measure.cpu_contention import CpuContention


def test_another_process_that_is_busy_is_seen_and_this_one_is_not():
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        watch, until = CpuContention(), time.monotonic() + 1.0
        while time.monotonic() < until:
            pass
        cores = watch.cores()
    finally:
        busy.kill()
        busy.wait()
    assert cores is not None
    assert cores > 0.2  # it may have to share a core, but not with nobody


def test_where_the_system_reports_nothing_it_is_not_known(
    tmp_path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cpu_contention, "_STAT", tmp_path / "stat")
    assert CpuContention().cores() is None
