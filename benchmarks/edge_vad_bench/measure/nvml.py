"""Readings of NVIDIA's management library for the first GPU; absent elsewhere."""

from __future__ import annotations

import importlib
from typing import Any

from edge_vad.errors import Unavailable

SLOWED = {
    0x0000000000000004: "power cap",
    0x0000000000000008: "hardware slowdown",
    0x0000000000000020: "software heat slowdown",
    0x0000000000000040: "hardware heat slowdown",
    0x0000000000000080: "power brake",
}
"""Bits of nvmlClocksEventReasons that mean that the GPU is slower than it could be."""


class Nvml:
    """The first GPU. What it does not report is None.

    Raises:
        Unavailable: There is no such library or no GPU.
    """

    def __init__(self) -> None:
        try:
            self._api: Any = importlib.import_module("pynvml")
            self._api.nvmlInit()
            self._gpu = self._api.nvmlDeviceGetHandleByIndex(0)
        except Exception as error:  # noqa: BLE001 - NVML's errors are made at run time
            raise Unavailable(
                f"NVML finds no GPU ({error})", "run edge-vad doctor, which lists what is here"
            ) from None

    @property
    def joules(self) -> float | None:
        """Energy since the driver was loaded."""
        value = self._ask("nvmlDeviceGetTotalEnergyConsumption")
        return None if value is None else value / 1000

    @property
    def celsius(self) -> float | None:
        """Temperature of the GPU."""
        return self._ask("nvmlDeviceGetTemperature", 0)

    @property
    def megahertz(self) -> float | None:
        """Clock of the streaming multiprocessors."""
        return self._ask("nvmlDeviceGetClockInfo", 1)

    @property
    def throttled(self) -> tuple[str, ...]:
        """What slows the GPU down just now."""
        reasons = int(self._ask("nvmlDeviceGetCurrentClocksThrottleReasons") or 0)
        return tuple(name for bit, name in SLOWED.items() if reasons & bit)

    def _ask(self, function: str, *arguments: int) -> float | None:
        try:
            return float(getattr(self._api, function)(self._gpu, *arguments))
        except Exception:  # noqa: BLE001 - as above
            return None


def open_nvml() -> Nvml | None:
    """NVML, where it is."""
    try:
        return Nvml()
    except Unavailable:
        return None
