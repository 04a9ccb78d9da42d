"""What a `test://street?...` address says, and how to write one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from urllib.parse import parse_qsl, urlencode, urlsplit

from edge_vad.errors import WrongUse
from edge_vad.untrusted import shorten, shown_path

KINDS = (
    "cyclist",
    "vehicle",
    "runner",
    "wrong_way",
    "faller",
    "abandoned_object",
    "thrown_object",
    "forbidden_area",
    "loiterer",
    "unusual_shape",
)
"""Every kind of anomaly that the street can stage."""

SPEED_NORMAL = (
    "wrong_way",
    "forbidden_area",
    "faller",
    "loiterer",
    "abandoned_object",
    "unusual_shape",
)
"""The kinds in which nobody and nothing is faster than people walk: speed does not tell them."""

VIEWS = ("side", "high")
"""Where the camera hangs: on a wall, looking across, or high on a pole, looking down."""

TIMES_OF_DAY = ("day", "dusk")
"""How much light there is: dusk is darker, bluer, flatter and noisier, with one lamp lit."""

NUISANCES = (
    "light_change",
    "cloud_shadows",
    "sensor_noise",
    "camera_shake",
    "rain",
    "leaves",
    "compression",
    "auto_exposure",
    "pause",
)
"""Everything that can disturb the picture without being an anomaly."""

LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class StreetOptions:
    """The parameters of a street address.

    Attributes:
        seed: Who walks where and when.
        scene: Which street it is: layout, viewpoint and buildings.
        size: Width and height of a frame, px.
        fps: Frames a second.
        frames: How many frames there are; 0 for no end.
        anomaly: One of `KINDS`, or empty for ordinary life only.
        realtime: Whether frames come at the pace of a camera.
        noise: Standard deviation of the sensor's noise, grey levels.
        light: Largest relative change of the light, slowly over minutes.
        view: One of `VIEWS`.
        time_of_day: One of `TIMES_OF_DAY`.
        nuisance: One of `NUISANCES`, or empty for none.
    """

    seed: int = 1
    scene: int = 1
    size: tuple[int, int] = (360, 240)
    fps: float = 10.0
    frames: int = 0
    anomaly: str = ""
    realtime: bool = False
    noise: float = 2.0
    light: float = 0.04
    view: str = "side"
    time_of_day: str = "day"
    nuisance: str = ""

    def url(self) -> str:
        """Write the address that `parse_street_url` reads back as these options.

        Example:
            >>> StreetOptions(seed=7, anomaly="runner").url()
            'test://street?seed=7&anomaly=runner'
        """
        said = {
            field.name: _written(getattr(self, field.name))
            for field in fields(self)
            if getattr(self, field.name) != field.default or field.name == "seed"
        }
        return f"test://street?{urlencode(said)}"


def parse_street_url(url: str) -> StreetOptions:
    """Read a `test://street?...` address.

    Args:
        url: For example `test://street?seed=7&size=640x480&anomaly=cyclist`.

    Returns:
        The options it names, defaults for the rest.

    Raises:
        WrongUse: It is not a street, or a parameter is unknown, said twice or out of range.
    """
    try:
        parts = urlsplit(url)
        said = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise WrongUse(f"{shown_path(url)!r} is not an address", _EXAMPLE) from error
    place = (parts.scheme, parts.netloc, parts.path.strip("/"), parts.fragment)
    if place != ("test", "street", "", ""):
        raise WrongUse(f"{shown_path(url)!r} is not a test street", _EXAMPLE)
    values: dict[str, object] = {}
    for name, text in said:
        if name not in _READERS:
            raise WrongUse(
                f"the street has no parameter {shown_path(name)!r}",
                f"Use only {', '.join(_READERS)}.",
            )
        if name in values:
            raise WrongUse(f"the parameter {name!r} is said twice", "Say it once.")
        read, allowed = _READERS[name]
        try:
            values[name] = read(text)
        except ValueError as error:
            raise WrongUse(
                f"{name}={shorten(text)!r} is not possible", f"Give {allowed}."
            ) from error
    return StreetOptions(**values)  # type: ignore[arg-type]


_EXAMPLE = "Write it like test://street?seed=7&anomaly=cyclist."


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return "x".join(str(part) for part in value)
    if isinstance(value, bool):
        return str(int(value))
    return str(value)


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(high))):
            raise ValueError(text)
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return read


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text)
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(text)
        return value

    return read


def _size(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return _whole(64, 3840)(width), _whole(48, 2160)(height)


def _one_of(names: tuple[str, ...]) -> tuple[Callable[[str], str], str]:
    def read(text: str) -> str:
        if text not in names:
            raise ValueError(text)
        return text

    return read, f"one of {', '.join(names)}"


def _yes_or_no(text: str) -> bool:
    return bool(_whole(0, 1)(text))


_READERS: dict[str, tuple[Callable[[str], object], str]] = {
    "seed": (_whole(0, LARGEST_SEED), f"a whole number from 0 to {LARGEST_SEED}"),
    "scene": (_whole(0, LARGEST_SEED), f"a whole number from 0 to {LARGEST_SEED}"),
    "size": (_size, "WIDTHxHEIGHT from 64x48 to 3840x2160"),
    "fps": (_number(1.0, 120.0), "a number from 1 to 120"),
    "frames": (_whole(0, 10**9), "a whole number of frames, 0 for no end"),
    "anomaly": _one_of(KINDS),
    "realtime": (_yes_or_no, "0 or 1"),
    "noise": (_number(0.0, 50.0), "a number of grey levels from 0 to 50"),
    "light": (_number(0.0, 0.5), "a number from 0 to 0.5"),
    "view": _one_of(VIEWS),
    "time_of_day": _one_of(TIMES_OF_DAY),
    "nuisance": _one_of(NUISANCES),
}
