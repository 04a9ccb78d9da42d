"""Energy, where the machine measures it: RAPL, NVML, or the input rail of a Jetson.

All of them measure the whole device, with everything that ran on it, idle share included.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from pathlib import Path
from threading import Event, Thread

from edge_vad.device.system_files import read_line, read_number
from edge_vad_bench.measure.nvml import Nvml

_RAIL = "VDD_IN"
"""The rail that feeds a whole Jetson module; Thor and some carriers name it otherwise."""

_RAILS = (_RAIL, "POM_5V_IN", "VIN_SYS_5V0", "VIN")
METERS = ("RAPL, CPU packages", "NVML, GPU", *(f"Jetson rail {rail}" for rail in _RAILS))
"""Names of all meters, as reports have them."""

_POLL_S = 0.02


class EnergyMeter(ABC):
    """Reads how much energy has been used.

    Attributes:
        name: The counter or sensor it comes from.
    """

    name: str

    @abstractmethod
    def joules(self) -> float:
        """Energy since some moment in the past; only differences mean something."""

    def close(self) -> None:
        """Stop metering; harmless when called twice."""


class RaplMeter(EnergyMeter):
    """The packages' counters of an x86 CPU, which wrap around.

    Args:
        zones: Folders of the packages in `/sys/class/powercap`.
    """

    name = METERS[0]

    def __init__(self, zones: tuple[Path, ...]) -> None:
        self._zones = zones
        self._ranges = [read_number(zone / "max_energy_range_uj") or 0 for zone in zones]
        self._last = [read_number(zone / "energy_uj") or 0 for zone in zones]
        self._microjoules = 0

    def joules(self) -> float:
        """See `EnergyMeter`; to be asked at least once a minute, for the counters wrap."""
        for index, zone in enumerate(self._zones):
            now = read_number(zone / "energy_uj")
            if now is None:
                continue
            step = now - self._last[index]
            self._microjoules += step if step >= 0 else step + self._ranges[index]
            self._last[index] = now
        return self._microjoules / 1e6


class NvmlMeter(EnergyMeter):
    """The counter of an NVIDIA GPU."""

    name = METERS[1]

    def __init__(self, nvml: Nvml) -> None:
        self._nvml = nvml

    def joules(self) -> float:
        """See `EnergyMeter`."""
        return self._nvml.joules or 0.0


class RailMeter(EnergyMeter):
    """The input rail of a Jetson, whose power is read every 20 ms and added up.

    Args:
        hwmon: Folder of the sensor.
        channel: Number of the rail.
        rail: Its name.
    """

    def __init__(self, hwmon: Path, channel: str, rail: str) -> None:
        self.name = f"Jetson rail {rail}"
        self._millivolt = hwmon / f"in{channel}_input"
        self._milliampere = hwmon / f"curr{channel}_input"
        self._joules = 0.0
        self._ended = Event()
        self._thread = Thread(target=self._poll, name="energy", daemon=True)
        self._thread.start()

    def joules(self) -> float:
        """See `EnergyMeter`."""
        return self._joules

    def close(self) -> None:
        """End the polling."""
        self._ended.set()
        self._thread.join(timeout=1)

    def _poll(self) -> None:
        then = time.monotonic()
        while not self._ended.wait(_POLL_S):
            watt = (read_number(self._millivolt) or 0) * (read_number(self._milliampere) or 0) / 1e6
            now = time.monotonic()
            self._joules += watt * (now - then)
            then = now


def open_energy_meter(nvml: Nvml | None, root: Path = Path("/")) -> EnergyMeter | None:
    """The meter of this machine: a Jetson's rail, then the GPU's, then the CPU's; None if none."""
    rail = _find_rail(root)
    if rail:
        return RailMeter(*rail)
    if nvml and nvml.joules is not None:
        return NvmlMeter(nvml)
    zones = tuple(
        zone
        for zone in sorted((root / "sys/class/powercap").glob("intel-rapl:*"))
        if zone.name.count(":") == 1 and read_number(zone / "energy_uj") is not None
    )
    return RaplMeter(zones) if zones else None


def _find_rail(root: Path) -> tuple[Path, str, str] | None:
    for label in sorted((root / "sys/class/hwmon").glob("hwmon*/in*_label")):
        rail = read_line(label)
        if rail in _RAILS:
            channel = label.name.removeprefix("in").removesuffix("_label")
            return label.parent, channel, rail
    return None
