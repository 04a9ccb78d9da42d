"""Which pictures were decoded whole: what follows a damaged one is made of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


class Wholeness:
    """Tells whole pictures from damaged ones.

    From a picture on that could not be decoded, or only in part, none is taken until the next key
    frame after it: they are predicted from what is not there.
    """

    def __init__(self) -> None:
        self._damaged_s: float | None = None

    def fail(self, packet: Packet[VideoStream]) -> None:
        """Take note of a packet that could not be decoded."""
        self._damage(time_of(packet))

    def takes(self, frame: VideoFrame) -> bool:
        """Whether the next picture is whole."""
        if frame.is_corrupt:
            self._damage(frame.time)
        elif self._damaged_s is not None and frame.key_frame and self._is_later(frame):
            self._damaged_s = None
        return self._damaged_s is None

    def _is_later(self, frame: VideoFrame) -> bool:
        """Pictures come out later than they went in, so a key frame may be of before the damage."""
        return frame.time is None or self._damaged_s is None or frame.time > self._damaged_s

    def _damage(self, time_s: float | None) -> None:
        before = -math.inf if self._damaged_s is None else self._damaged_s
        self._damaged_s = max(before, -math.inf if time_s is None else time_s)


def time_of(packet: Packet[VideoStream]) -> float | None:
    """When a packet's picture is to be shown, s; None where it does not say."""
    if packet.pts is None or packet.time_base is None:
        return None
    return float(packet.pts * packet.time_base)
