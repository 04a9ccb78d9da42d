"""Parses requests of browsers; nothing in them is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from starlette.requests import Request

from edge_vad.errors import WrongUse
from edge_vad.sinks.http.http_errors import TooLarge
from edge_vad.sinks.page.snapshots import WIDTHS
from edge_vad.sinks.store.media import is_event_id
from edge_vad.untrusted import shorten

MOST_EVENTS = 200
_LARGEST_BODY = 4096
_LONGEST_NUMBER = 16
LONGEST_NAME = 256
LARGEST_CAMERA = 10_000
LARGEST_SERIAL = 2**53 - 1
LATEST_SECOND = 2**31
_API = "docs/page.md lists what may be asked for"

Body = TypeVar("Body", bound=msgspec.Struct)


class LoginBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent to log in."""

    token: Annotated[str, msgspec.Meta(max_length=1024)]


class ThresholdBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent to change a threshold."""

    false_alarms: Annotated[str, msgspec.Meta(max_length=64)]


class MarkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent to mark an event; what is left out stays."""

    seen: bool | None = None
    starred: bool | None = None


class WantedPicture(NamedTuple):
    """A picture that is asked for.

    Attributes:
        camera: Number of the camera, from 0.
        after: Number of the picture that the browser has; -1 for none.
        width: How wide it is to be, px.
    """

    camera: int
    after: int
    width: int


class EventQuery(NamedTuple):
    """Which events are asked for."""

    limit: int
    camera: str | None
    before: str | None
    zone: str | None
    seen: bool | None
    starred: bool | None
    since: int | None
    until: int | None


async def read_body(
    request: Request, kind: type[Body], most: int = _LARGEST_BODY, *, tells: bool = False
) -> Body:
    """Read a small JSON document.

    Args:
        request: The request.
        kind: What is expected.
        most: Bytes that it may have.
        tells: Whether what is wrong with a value is told; else nothing of the text is repeated.

    Raises:
        WrongUse: It is none, or says something unknown.
        TooLarge: It is too long.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge("the body is too long", f"send at most {most} bytes")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        is_told = tells and isinstance(error, msgspec.ValidationError)
        what = shorten(str(error)) if is_told else "the body is not what is expected"
        fields = ", ".join(kind.__struct_fields__)
        raise WrongUse(what, f"send JSON with {fields}") from None


def read_wanted(text: str, cameras: int) -> list[WantedPicture]:
    """Read which pictures are wanted: `0:17:640,1:-1:320`, camera, number that one has, width.

    Raises:
        WrongUse: It is no such text, or there is no such camera.
    """
    if not text:
        return []
    parts = text.split(",", cameras)
    if len(parts) > cameras:
        raise WrongUse("more pictures are asked for than there are cameras", _API)
    return [_wanted(part, cameras) for part in parts]


def read_number(asked: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    """Read a whole number.

    Raises:
        WrongUse: It is none, or out of bounds.
    """
    if name not in asked:
        return usual
    number = _number(asked[name])
    if number is None or not least <= number <= most:
        raise WrongUse(f"{name} is no whole number from {least} to {most}", _API)
    return number


def read_width(asked: Mapping[str, str]) -> int | None:
    """Read how wide a picture is to be; None is as it is.

    Raises:
        WrongUse: It is no width that can be had.
    """
    if "width" not in asked:
        return None
    return _width(asked["width"])


def read_events(asked: Mapping[str, str]) -> EventQuery:
    """Read which events are wanted.

    Raises:
        WrongUse: A parameter cannot be.
    """
    camera, zone = (read_name(asked, each) for each in ("camera", "zone"))
    before = asked.get("before")
    if before is not None and not is_event_id(before):
        raise WrongUse("before is no id of an event", _API)
    seen, starred = (_flag(asked, each) for each in ("seen", "starred"))
    limit = read_number(asked, "limit", 50, 1, MOST_EVENTS)
    since, until = (_second(asked, each) for each in ("since", "until"))
    return EventQuery(limit, camera, before, zone, seen, starred, since, until)


def read_name(asked: Mapping[str, str], what: str) -> str | None:
    """Read the name of a camera, a zone or a box; None where none is said.

    Raises:
        WrongUse: It is longer than any, or not to be printed.
    """
    name = asked.get(what)
    if name is not None and (len(name) > LONGEST_NAME or not name.isprintable()):
        raise WrongUse(f"{what} is no name of a {what}", _API)
    return name


def _flag(asked: Mapping[str, str], what: str) -> bool | None:
    return bool(read_number(asked, what, 0, 0, 1)) if what in asked else None


def _second(asked: Mapping[str, str], what: str) -> int | None:
    return read_number(asked, what, 0, 0, LATEST_SECOND) if what in asked else None


def _wanted(part: str, cameras: int) -> WantedPicture:
    fields = part.split(":", 3)
    if len(fields) != 3:
        raise WrongUse("a picture is asked for as CAMERA:NUMBER:WIDTH", _API)
    camera, after = _number(fields[0]), _number(fields[1])
    if camera is None or not 0 <= camera < cameras:
        raise WrongUse("there is no such camera", _API)
    if after is None:
        raise WrongUse("a picture's number is no number", _API)
    return WantedPicture(camera, after, _width(fields[2]))


def _width(text: str) -> int:
    width = _number(text)
    if width not in WIDTHS:
        raise WrongUse(f"width is none of {', '.join(map(str, WIDTHS))}", _API)
    return width


def _number(text: str) -> int | None:
    digits = text.removeprefix("-")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER
    return int(text) if is_number else None
