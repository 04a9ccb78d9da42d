"""Temperature and power of this machine, where Linux reports them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edge_vad.device.system_files import read_line, read_number

_COLDEST_C, _HOTTEST_C = -40, 200
_RAILS = 8


class Reading(NamedTuple):
    """A sensor's value.

    Attributes:
        sensor: Its name.
        value: In degrees Celsius or watts.
    """

    sensor: str
    value: float


def temperatures(root: Path = Path("/")) -> list[Reading]:
    """The thermal zones, degrees Celsius; sensors that are off tell nonsense and are left out."""
    zones = sorted((root / "sys/class/thermal").glob("thermal_zone*"))
    found = [
        Reading(read_line(zone / "type") or zone.name, value / 1000)
        for zone in zones
        if (value := read_number(zone / "temp")) is not None
    ]
    return _named_apart([each for each in found if _COLDEST_C < each.value < _HOTTEST_C])


def powers(root: Path = Path("/")) -> list[Reading]:
    """The power rails, watts: a Jetson's INA3221 tells volts and amperes, others watts."""
    return _named_apart(
        [
            reading
            for chip in sorted((root / "sys/class/hwmon").glob("hwmon*"))
            for reading in (*_watts(chip), *_volts_times_amperes(chip))
        ]
    )


def _watts(chip: Path) -> Iterator[Reading]:
    for file in sorted(chip.glob("power*_input")):
        microwatts = read_number(file)
        if microwatts is not None:
            label = read_line(chip / file.name.replace("_input", "_label"))
            yield Reading(
                label or f"{read_line(chip / 'name') or chip.name} {file.name[:-6]}",
                microwatts / 1e6,
            )


def _volts_times_amperes(chip: Path) -> Iterator[Reading]:
    for rail in range(1, _RAILS + 1):
        millivolts = read_number(chip / f"in{rail}_input")
        milliamperes = read_number(chip / f"curr{rail}_input")
        label = read_line(chip / f"in{rail}_label")
        if millivolts is not None and milliamperes is not None and label:
            yield Reading(label, millivolts * milliamperes / 1e6)


def _named_apart(readings: list[Reading]) -> list[Reading]:
    """The same, with a number where two sensors have one name."""
    seen: dict[str, int] = {}
    apart = []
    for name, value in readings:
        seen[name] = seen.get(name, 0) + 1
        apart.append(Reading(name if seen[name] == 1 else f"{name} {seen[name]}", value))
    return apart
