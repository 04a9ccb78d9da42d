"""Power mode, clocks and heat, from files like those of a Jetson."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_vad.doctor.examination import power_remarks
from edge_vad.doctor.jetson import read_power
from edge_vad.doctor.report import GpuClock


def write(root: Path, files: dict[str, object]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")


@pytest.fixture
def orin(tmp_path: Path) -> Path:
    write(
        tmp_path,
        {
            "etc/nvpmodel.conf": "< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=2 NAME=15W >",
            "var/lib/nvpmodel/status": "pmode:0002 fmode:quiet",
            "sys/class/devfreq/17000000.gpu/cur_freq": 306_000_000,
            "sys/class/devfreq/17000000.gpu/min_freq": 306_000_000,
            "sys/class/devfreq/17000000.gpu/max_freq": 918_000_000,
            "sys/class/thermal/cooling_device0/type": "pwm-fan",
            "sys/class/thermal/cooling_device0/cur_state": 3,
            "sys/class/thermal/cooling_device1/type": "gpu-throttle",
            "sys/class/thermal/cooling_device1/cur_state": 1,
            "sys/class/thermal/thermal_zone0/temp": 88_500,
            "sys/class/thermal/thermal_zone1/temp": -256_000,
            "sys/class/hwmon/hwmon1/oc1_event_cnt": 2,
            "sys/class/hwmon/hwmon1/oc3_event_cnt": 1,
        },
    )
    return tmp_path


def test_everything_that_the_board_tells_is_read(orin: Path) -> None:
    power = read_power(orin)
    assert (power.mode, power.modes) == ("15W", {0: "MAXN", 2: "15W"})
    assert power.gpu == GpuClock(306, 306, 918)
    assert power.throttled == ("gpu-throttle",)
    assert (power.over_current, power.hottest_c, power.is_locked) == (3, 88.5, False)


def test_what_slows_the_board_down_is_told_with_the_mend(orin: Path) -> None:
    heat, current, mode, clocks = power_remarks(read_power(orin))
    assert "throttled by heat: gpu-throttle" in heat
    assert "3 times too much current" in current
    assert "sudo nvpmodel -m NUMBER changes it (0 MAXN, 2 15W)" in mode
    assert "sudo jetson_clocks" in clocks


def test_a_board_that_runs_at_its_best_gets_no_remark(orin: Path) -> None:
    write(
        orin,
        {
            "var/lib/nvpmodel/status": "pmode:0000",
            "sys/class/devfreq/17000000.gpu/min_freq": 918_000_000,
            "sys/class/thermal/cooling_device1/cur_state": 0,
            "sys/class/hwmon/hwmon1/oc1_event_cnt": 0,
            "sys/class/hwmon/hwmon1/oc3_event_cnt": 0,
        },
    )
    assert power_remarks(read_power(orin)) == ()


def test_files_that_are_absent_or_nonsense_leave_nothing_behind(tmp_path: Path) -> None:
    write(tmp_path, {"var/lib/nvpmodel/status": "?", "sys/class/thermal/thermal_zone0/temp": "x"})
    power = read_power(tmp_path)
    assert (power.mode, power.gpu, power.is_locked, power.throttled) == (None, None, None, ())
    assert power_remarks(power) == ()
