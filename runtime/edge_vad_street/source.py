"""The street as a source of frames."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray

from edge_vad.frame import Frame
from edge_vad.sources.base import Source, SourceState
from edge_vad.sources.schemes import Scheme
from edge_vad_street.scene import Street
from edge_vad_street.url import StreetOptions, parse_street_url


class StreetSource(Source):
    """Frames of a street that is drawn, not filmed; the same options give the same frames.

    Args:
        options: Which street, whose traffic, which anomaly.
    """

    def __init__(self, options: StreetOptions) -> None:
        self.options = options
        self.name = "-".join(filter(None, ["street", str(options.seed), options.anomaly]))
        self.fps = options.fps
        self.length = options.frames or None
        self._street = Street(options)

    def __iter__(self) -> Iterator[Frame]:
        """Hand out the frames in order, from the beginning; at once, unless in real time."""
        self.state = SourceState.LIVE
        began = time.monotonic()
        for index in _indices(self.options):
            time_s = index / self.fps
            if self.options.realtime:
                time.sleep(max(0.0, began + time_s - time.monotonic()))
            yield Frame(self._street.frame(index), index, time_s)
        self.state = SourceState.ENDED


def open_street(url: str) -> StreetSource:
    """Open a street by its address.

    Args:
        url: `test://street?seed=7&scene=1&size=360x240&fps=10&frames=200&anomaly=cyclist`, and
            beside these `view=side|high`, `time_of_day=day|dusk`, `nuisance=rain` or another of
            `NUISANCES`, `noise`, `light` and `realtime`; all parameters may be left out. Without
            `frames` it has no end.

    Returns:
        A source that can be gone through as often as one likes.

    Raises:
        WrongUse: The address is not one of a street, or a parameter is not possible.

    Example:
        >>> frame = next(iter(open_street("test://street?seed=7&frames=1")))
        >>> frame.image.shape
        (240, 360, 3)
    """
    return StreetSource(parse_street_url(url))


SCHEME = Scheme(open_street, lambda url: parse_street_url(url).realtime)
"""Of the addresses `test://street`."""


def street_truth(url: str) -> Iterator[NDArray[np.bool_]]:
    """Say where the anomaly is seen, frame by frame.

    Args:
        url: As for `open_street`.

    Yields:
        bool (height, width): the pixels that show more of the anomaly than of anything else,
        without its shadow. Nothing is set in ordinary life.

    Raises:
        WrongUse: The address is not one of a street, or a parameter is not possible.
    """
    options = parse_street_url(url)
    street = Street(options)
    return (street.truth(index) for index in _indices(options))


def _indices(options: StreetOptions) -> Iterator[int]:
    return iter(range(options.frames)) if options.frames else count()
