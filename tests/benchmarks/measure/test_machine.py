"""Readings of the machine, from files that the tests make."""

from __future__ import annotations

import time

import pytest

from edge_vad_bench.measure.conditions import read_conditions, was_throttled
from edge_vad_bench.measure.energy import RailMeter, RaplMeter, open_energy_meter
from edge_vad_bench.schema import Conditions


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def test_clocks_heat_and_throttling_are_read(tmp_path):
    root = write(
        tmp_path,
        {
            "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1400000",
            "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "1900000",
            "sys/class/thermal/thermal_zone0/temp": "51500",
            "sys/class/thermal/cooling_device0/type": "cpu-throttle-alert",
            "sys/class/thermal/cooling_device0/cur_state": "1",
        },
    )
    found = read_conditions(root=root)
    assert (found.cpu_mhz, found.hottest_c) == (1900, 51.5)
    assert found.throttled == ("cpu-throttle-alert",)


def test_a_machine_that_reports_nothing_is_read_without_an_error(tmp_path):
    found = read_conditions(root=tmp_path)
    assert (found.cpu_mhz, found.gpu_mhz, found.hottest_c, found.throttled) == (
        None,
        None,
        None,
        (),
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Conditions(), Conditions(), False),
        (Conditions(throttled=("hot",)), Conditions(), True),
        (Conditions(), Conditions(throttled=("hot",)), True),
        (Conditions(over_current=2), Conditions(over_current=2), False),
        (Conditions(over_current=2), Conditions(over_current=3), True),
    ],
)
def test_a_row_is_marked_when_anything_slowed_it(before, after, expected):
    assert was_throttled(before, after) is expected


def test_rapl_counts_on_when_its_counter_wraps(tmp_path):
    zone = "sys/class/powercap/intel-rapl:0"
    write(tmp_path, {f"{zone}/energy_uj": "900000", f"{zone}/max_energy_range_uj": "1000000"})
    meter = open_energy_meter(None, tmp_path)
    assert isinstance(meter, RaplMeter)
    assert meter.joules() == 0
    write(tmp_path, {f"{zone}/energy_uj": "100000"})
    assert meter.joules() == pytest.approx(0.2)


def next_reading(meter, joules):
    """The next reading that differs, and when it was there."""
    while (read := meter.joules()) == joules:
        time.sleep(0.001)
    return read, time.monotonic()


def test_the_rail_of_a_jetson_is_added_up(tmp_path):
    sensor = "sys/class/hwmon/hwmon3"
    write(
        tmp_path,
        {
            f"{sensor}/in1_label": "VDD_IN",
            f"{sensor}/in1_input": "5000",
            f"{sensor}/curr1_input": "2000",
            f"{sensor}/in2_label": "VDD_CPU_GPU_CV",
        },
    )
    meter = open_energy_meter(None, tmp_path)
    assert isinstance(meter, RailMeter)
    try:
        used, began = next_reading(meter, meter.joules())
        joules, now = used, began
        while now < began + 0.3:
            joules, now = next_reading(meter, joules)
        watt = (joules - used) / (now - began)
    finally:
        meter.close()
    assert watt == pytest.approx(10, rel=0.3)
    assert meter.name == "Jetson rail VDD_IN"


def test_without_a_sensor_there_is_no_meter(tmp_path):
    assert open_energy_meter(None, tmp_path) is None
