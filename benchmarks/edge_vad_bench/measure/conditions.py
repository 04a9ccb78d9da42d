"""The state of the machine while it is measured."""

from __future__ import annotations

import os
import re
from pathlib import Path

from edge_vad.device.system_files import read_line, read_number
from edge_vad.doctor.jetson import (
    read_gpu_clock,
    read_hottest,
    read_mode,
    read_modes,
    read_over_current,
    read_throttled,
)
from edge_vad_bench.measure.nvml import Nvml
from edge_vad_bench.schema import Conditions

_MHZ = re.compile(r"^cpu MHz\s*:\s*([\d.]+)", re.MULTILINE)


def read_conditions(nvml: Nvml | None = None, root: Path = Path("/")) -> Conditions:
    """Read clocks, heat and throttling; None where a file is absent."""
    gpu = read_gpu_clock(root)
    sensors = (read_hottest(root), nvml.celsius if nvml else None)
    degrees = [each for each in sensors if each is not None]
    return Conditions(
        load=_load(),
        cpu_mhz=read_cpu_mhz(root),
        gpu_mhz=gpu.current if gpu else nvml.megahertz if nvml else None,
        hottest_c=max(degrees, default=None),
        throttled=(*read_throttled(root), *(nvml.throttled if nvml else ())),
        over_current=read_over_current(root),
        power_mode=read_mode(root, read_modes(root)),
    )


def was_throttled(before: Conditions, after: Conditions) -> bool:
    """Whether heat or power slowed anything down meanwhile, as far as the files show."""
    drew = (after.over_current or 0) > (before.over_current or 0)
    return bool(before.throttled or after.throttled) or drew


def read_cpu_mhz(root: Path) -> float | None:
    """Clock of the fastest core."""
    files = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_cur_freq")
    kilohertz = [value for file in files if (value := read_number(file)) is not None]
    if kilohertz:
        return max(kilohertz) / 1000
    clocks = _MHZ.findall(read_line(root / "proc/cpuinfo") or "")
    return max(map(float, clocks), default=None)


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None
