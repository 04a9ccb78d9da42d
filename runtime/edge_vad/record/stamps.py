"""The stamps of packets, made such that a file can hold them."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import TYPE_CHECKING

from edge_vad.sources.capture.clock import CaptureClock
from edge_vad.sources.capture.rate import Rate

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

MILLISECOND = Fraction(1, 1000)
"""What Matroska counts in."""
_BACK_S, _AHEAD_S = 1.0, 10.0
"""Stamps that go back or ahead by more begin anew; by less, they are rounded or out of order."""


class OwnStamps:
    """Keeps a stream's own stamps, and sees where they begin anew."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._last_due: int | None = None

    def fit(self, packet: Packet[VideoStream]) -> bool:
        """Complete a packet's stamps; whether it follows the one before.

        A packet without any is taken to come right after the one before. Where it is not said when
        packets are due, the file's writer finds that by itself.
        """
        last, base = self._last, float(packet.time_base or 0)
        after = 0 if last is None else last + 1
        packet.pts = next((at for at in (packet.pts, packet.dts) if at is not None), after)
        at = packet.pts if packet.dts is None else packet.dts
        follows = last is None or -_BACK_S <= (at - last) * base <= _AHEAD_S
        if packet.dts is not None:
            before = packet.dts if self._last_due is None or not follows else self._last_due
            packet.dts = self._last_due = max(packet.dts, before)
            packet.pts = max(packet.pts, packet.dts)
        self._last = at
        return follows


class Arrivals:
    """When pictures without stamps were taken, by when they arrive.

    Args:
        fps: Frames a second as the camera declares it.
        is_certain: Whether that is so.
    """

    def __init__(self, fps: float, *, is_certain: bool = False) -> None:
        self._rate, self._clock = Rate(), CaptureClock()
        self._rate.begin(fps, is_certain=is_certain)

    def now_s(self) -> float:
        """The time of the picture that has just come, s, on the monotonic clock."""
        now = time.monotonic()
        self._rate.count(now)
        return self._clock.at(now, None, 1 / self._rate.fps)

    def stamp(self, packet: Packet[VideoStream]) -> None:
        """Give that time to a packet."""
        packet.time_base = MILLISECOND
        packet.pts = packet.dts = round(self.now_s() * 1000)
