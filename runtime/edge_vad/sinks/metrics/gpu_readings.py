"""Temperature and power of NVIDIA's plug-in GPUs, where their management library is there."""

from __future__ import annotations

import importlib
from typing import Any

from edge_vad.sinks.metrics.device_readings import Reading


class Gpus:
    """All NVIDIA GPUs that the driver's management library (NVML) tells of; a Jetson has none."""

    def __init__(self) -> None:
        self._devices: list[Any] = []
        try:
            self._api: Any = importlib.import_module("pynvml")
            self._api.nvmlInit()
            count = self._api.nvmlDeviceGetCount()
            self._devices = [self._api.nvmlDeviceGetHandleByIndex(each) for each in range(count)]
        except ImportError:
            return
        except self._api.NVMLError:  # no driver, or no GPU
            return

    def readings(self) -> tuple[list[Reading], list[Reading]]:
        """Temperatures, degrees Celsius, and powers, watts; what cannot be read is left out."""
        temperatures, powers = [], []
        for number, device in enumerate(self._devices):
            name = f"gpu {number}"
            sensor = self._api.NVML_TEMPERATURE_GPU
            degrees = self._read("nvmlDeviceGetTemperature", device, sensor)
            milliwatts = self._read("nvmlDeviceGetPowerUsage", device)
            if degrees is not None:
                temperatures.append(Reading(name, degrees))
            if milliwatts is not None:
                powers.append(Reading(name, milliwatts / 1000))
        return temperatures, powers

    def _read(self, function: str, *arguments: object) -> float | None:
        try:
            return float(getattr(self._api, function)(*arguments))
        except self._api.NVMLError:
            return None
