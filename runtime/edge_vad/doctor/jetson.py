"""Power mode, clocks and heat of a Jetson, from the files in which it tells them."""

from __future__ import annotations

import re
from pathlib import Path

from edge_vad.device.system_files import read_line, read_number
from edge_vad.doctor.report import GpuClock, JetsonPower

_MODE = re.compile(r"<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=([^\s>]+)")
_CHOSEN = re.compile(r"pmode:\s*(\d+)")
_GPU = re.compile(r"gpu|gv11b|gp10b|ga10b|gb10b", re.IGNORECASE)
_FAN = re.compile(r"fan", re.IGNORECASE)
_COLDEST_C, _HOTTEST_C = -40, 200


def read_power(root: Path = Path("/")) -> JetsonPower:
    """Read all there is to know; files that are absent leave None behind."""
    modes = read_modes(root)
    gpu = read_gpu_clock(root)
    return JetsonPower(
        mode=read_mode(root, modes),
        modes=modes,
        gpu=gpu,
        is_locked=_is_locked(root, gpu),
        throttled=read_throttled(root),
        over_current=read_over_current(root),
        hottest_c=read_hottest(root),
    )


def read_modes(root: Path) -> dict[int, str]:
    """The power modes that `nvpmodel` knows on this board."""
    text = read_line(root / "etc/nvpmodel.conf") or ""
    return {int(number): name for number, name in _MODE.findall(text)}


def read_mode(root: Path, modes: dict[int, str]) -> str | None:
    """The power mode that was chosen."""
    chosen = _CHOSEN.search(read_line(root / "var/lib/nvpmodel/status") or "")
    if not chosen:
        return None
    number = int(chosen[1])
    return modes.get(number, f"mode {number}")


def read_gpu_clock(root: Path) -> GpuClock | None:
    """The clock of the GPU, MHz: of the fastest part, where it has several."""
    clocks = []
    for device in sorted((root / "sys/class/devfreq").glob("*")):
        if _GPU.search(device.name):
            values = [read_number(device / f"{name}_freq") for name in ("cur", "min", "max")]
            megahertz = [value / 1e6 for value in values if value is not None]
            if len(megahertz) == len(values):
                clocks.append(GpuClock(*megahertz))
    return max(clocks, key=lambda clock: clock.highest, default=None)


def read_throttled(root: Path) -> tuple[str, ...]:
    """What slows down just now because something is hot; fans do not count."""
    active = []
    for device in sorted((root / "sys/class/thermal").glob("cooling_device*")):
        kind = read_line(device / "type") or device.name
        if (read_number(device / "cur_state") or 0) > 0 and not _FAN.search(kind):
            active.append(kind)
    return tuple(active)


def read_over_current(root: Path) -> int | None:
    """How often the board drew too much current since it started."""
    files = (root / "sys/class/hwmon").glob("hwmon*/oc*_event_cnt")
    counts = [count for file in files if (count := read_number(file)) is not None]
    return sum(counts) if counts else None


def read_hottest(root: Path) -> float | None:
    """Temperature of the hottest zone, degrees Celsius; sensors that are off tell nonsense."""
    files = (root / "sys/class/thermal").glob("thermal_zone*/temp")
    degrees = [value / 1000 for file in files if (value := read_number(file)) is not None]
    return max((each for each in degrees if _COLDEST_C < each < _HOTTEST_C), default=None)


def _is_locked(root: Path, gpu: GpuClock | None) -> bool | None:
    """Whether every clock's lowest is its highest, which is what `jetson_clocks` does."""
    ranges = [] if gpu is None else [(gpu.lowest, gpu.highest)]
    for policy in (root / "sys/devices/system/cpu/cpufreq").glob("policy*"):
        lowest = read_number(policy / "scaling_min_freq")
        highest = read_number(policy / "scaling_max_freq")
        if lowest is not None and highest is not None:
            ranges.append((lowest, highest))
    return all(lowest == highest for lowest, highest in ranges) if ranges else None
