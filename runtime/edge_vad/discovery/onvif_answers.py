"""What an ONVIF camera says of its clock and its streams; nothing of it is trusted."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from edge_vad.discovery.soap import Login, OddAnswer, find_elements, find_text
from edge_vad.errors import WrongUse
from edge_vad.sources.addresses.address import CameraKind, parse_camera
from edge_vad.sources.feeds.hosts import Hosts, LeadsElsewhere
from edge_vad.untrusted import plain

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_STREAMS = frozenset({"rtsp", "rtsps"})
_MOST_PROFILES, _LONGEST_TOKEN = 64, 200
_ENOUGH_ROWS = 360
"""A scene looks at about 240 rows; of finer streams the smallest costs least."""


class Profile(NamedTuple):
    """A stream that a camera offers.

    Attributes:
        token: What the camera calls it.
        rows: Of its pictures, px; 0 where it does not say.
    """

    token: str
    rows: int


def read_clock(root: Element) -> datetime:
    """The time in UTC that a camera says.

    Raises:
        OddAnswer: It says none.
    """
    said = find_elements(root, "UTCDateTime")
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    try:
        return datetime(*(int(find_text(said[0], name)) for name in names), tzinfo=timezone.utc)  # type: ignore[misc,arg-type]
    except (IndexError, ValueError, OverflowError):
        raise OddAnswer("it does not say what time it is") from None


def read_profiles(root: Element) -> list[Profile]:
    """The streams that a camera offers.

    Raises:
        OddAnswer: There is none.
    """
    found = []
    for each in find_elements(root, "Profiles")[:_MOST_PROFILES]:
        token = each.get("token", "")
        heights = [find_text(size, "Height") for size in find_elements(each, "Resolution")]
        rows = max((int(h) for h in heights if h.isdecimal() and len(h) < 6), default=0)
        if 0 < len(token) <= _LONGEST_TOKEN and token.isprintable():
            found.append(Profile(token, rows))
    if not found:
        raise OddAnswer("it offers no stream")
    return found


def choose_profile(profiles: list[Profile]) -> Profile:
    """The smallest stream that is large enough; the largest where none is.

    Args:
        profiles: At least one; the camera's own order decides between equals.
    """
    enough = [each for each in profiles if each.rows >= _ENOUGH_ROWS]
    if enough:
        return min(enough, key=lambda each: each.rows)
    return max(profiles, key=lambda each: each.rows)


def check_stream(address: str, host: str, login: Login | None) -> str:
    """The address of a stream that a camera says, with the login in it.

    Args:
        address: As it says it.
        host: The camera's own.
        login: For the camera to know us.

    Raises:
        OddAnswer: It is none of RTSP, or leads to another host.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        raise OddAnswer("the address of its stream cannot be read") from None
    scheme = parts.scheme.lower()
    if scheme not in _STREAMS:
        raise OddAnswer(f"its stream is one of {plain(scheme)[:20] or 'nothing'}://, not of RTSP")
    try:
        Hosts(f"rtsp://{host}").check(address, _STREAMS)
    except LeadsElsewhere as error:
        raise OddAnswer(f"its stream is elsewhere: {error.what}") from None
    if "@" in parts.netloc or "#" in address:
        raise OddAnswer("the address of its stream holds a login or an option")
    begin = f"{quote(login.user, safe='')}:{quote(login.password, safe='')}@" if login else ""
    whole = f"{scheme}://{begin}{address.partition('://')[2]}"
    try:
        spec = parse_camera(whole)
    except WrongUse:
        spec = None
    if spec is None or spec.kind is not CameraKind.NETWORK:
        raise OddAnswer("the address of its stream cannot be used")
    return whole
