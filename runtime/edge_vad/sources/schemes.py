"""Sources of other packages, by the scheme of their addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_vad.installed import SOURCES, provided
from edge_vad.sources.base import Source


@dataclass(frozen=True, slots=True)
class Scheme:
    """How sources of a scheme are opened; provided as an entry point of `installed.SOURCES`.

    Attributes:
        open: Opens an address; raises WrongUse where it cannot be.
        is_realtime: Whether the frames of an address come at the pace of a camera; raises alike.
    """

    open: Callable[[str], Source]
    is_realtime: Callable[[str], bool]


def scheme_of(url: str) -> Scheme:
    """The scheme of an address, such as `test://street?seed=1`.

    Raises:
        Unavailable: Nobody provides it.
    """
    scheme = provided(SOURCES, url.partition("://")[0].lower()).load()
    assert isinstance(scheme, Scheme)  # noqa: S101 - load has no type
    return scheme
