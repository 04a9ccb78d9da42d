"""One picture of a source."""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import SourceLost
from edge_vad.sources.addresses.address import CameraSpec
from edge_vad.sources.connecting import LiveSpec, is_paced, open_recording
from edge_vad.sources.live_source import LiveSource

PATIENCE_S = 15.0
_SETTLING_S = 1.0
"""In which a camera finds the light that it needs."""


def take_picture(spec: LiveSpec, name: str, patience_s: float | None = None) -> NDArray[np.uint8]:
    """Take one picture: of a camera after a second, of a recording the first.

    Args:
        spec: The source.
        name: The same for people.
        patience_s: How long a camera may take; `PATIENCE_S` when None.

    Returns:
        uint8 (height, width, 3), blue-green-red.

    Raises:
        SourceLost: No picture came.
        EdgeVadError: It is no source, or this machine lacks what it needs.
    """
    patience_s = PATIENCE_S if patience_s is None else patience_s
    if isinstance(spec, CameraSpec) or is_paced(spec):
        picture = _filmed(spec, patience_s)
    else:
        with open_recording(spec) as source:
            picture = next((frame.image for frame in source), None)
    if picture is None:
        raise SourceLost(
            f"{name} sent no picture within {patience_s:.0f} s",
            "check its address and password, its cable or network, and that nobody else uses it",
        )
    return picture


def _filmed(spec: LiveSpec, patience_s: float) -> NDArray[np.uint8] | None:
    source = LiveSource(spec, timeout_s=min(5.0, patience_s))
    timer = threading.Timer(patience_s, source.close)
    timer.daemon = True
    timer.start()
    picture, settled_s = None, float("inf")
    try:
        for frame in source:
            picture = frame.image
            settled_s = min(settled_s, time.monotonic() + _SETTLING_S)
            if time.monotonic() >= settled_s:
                break
    finally:
        timer.cancel()
        source.close()
    return picture
