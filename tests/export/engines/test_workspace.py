"""The memory that a layer may use."""

from __future__ import annotations

from pathlib import Path

from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad_export.engines.workspace import free_system_memory, workspace_limit


def test_free_memory_is_what_linux_calls_available(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 8000000 kB\nMemFree: 1000 kB\nMemAvailable:  3000000 kB\n")
    assert free_system_memory(meminfo) == 3_000_000 * 1024


def test_where_linux_does_not_say_nothing_is_known(tmp_path: Path) -> None:
    assert free_system_memory(tmp_path / "meminfo") is None


def test_a_jetson_gives_half_of_what_is_free(monkeypatch) -> None:
    monkeypatch.setattr("edge_vad_export.engines.workspace.free_system_memory", lambda: 4 * 2**30)
    orin = DeviceFingerprint(jetson="NVIDIA Jetson Orin NX", compute_capability="8.7")
    assert workspace_limit(orin, is_here=True) == 2 * 2**30


def test_for_a_device_that_is_elsewhere_a_gibibyte_is_allowed() -> None:
    assert workspace_limit(DeviceFingerprint(compute_capability="8.9"), is_here=False) == 2**30
