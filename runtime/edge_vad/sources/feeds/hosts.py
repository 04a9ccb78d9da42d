"""Which hosts a camera may lead to: the one that was named, and those that were allowed."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from edge_vad.errors import BadInput


class LeadsElsewhere(BadInput):
    """A camera leads to a host that nobody named."""


class Hosts:
    """The host of an address, and others that were allowed.

    Names are compared as they are written: an address in another form is another host.

    Args:
        address: Of the camera.
        allowed: Names or addresses of hosts that it may lead to.

    Example:
        >>> Hosts("http://cam/live.m3u8").check("http://CAM:8080/1.ts")
        >>> Hosts("http://cam/live.m3u8").check("http://127.0.0.1/")
        Traceback (most recent call last):
        ...
        edge_vad.sources.feeds.hosts.LeadsElsewhere: cam leads to another host, 127.0.0.1
    """

    def __init__(self, address: str, allowed: Iterable[str] = ()) -> None:
        self.named = _host_of(address)
        self._names = {self.named, *(_plain(name) for name in allowed)} - {""}

    def check(self, url: str, schemes: frozenset[str] = frozenset({"http", "https"})) -> None:
        """Check where a camera leads to, before anybody goes there.

        Args:
            url: Where to; absolute.
            schemes: That may be spoken there.

        Raises:
            LeadsElsewhere: To another host, to a file, or to what is no address.
        """
        host = _host_of(url)
        if host in self._names and urlsplit(url).scheme.lower() in schemes:
            return
        shown = host if host and host.isprintable() else "something that is no host"
        what = "another host" if host not in self._names else "another protocol"
        raise LeadsElsewhere(
            f"{self.named} leads to {what}, {shown[:100]}",
            "if that is as it should be, name that host in the camera's address, "
            "or allow it there: #hosts=NAME",
        )


def _host_of(url: str) -> str:
    if "\\" in url or any(letter <= " " for letter in url):  # others might read it otherwise
        return ""
    try:
        return _plain(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def _plain(name: str) -> str:
    return name.strip().lower().rstrip(".").strip("[]")
