"""Which pictures were decoded whole: what is made of a damaged one is damaged."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_MOST_HELD = 16
"""Pictures that may be decoded before one that is shown before them: no codec has more."""

_LONGEST_WAY = 64
"""Packets after which a picture comes out, or never: as many may be decoded at once."""


class DecodedPicture(NamedTuple):
    """A picture as it is to be shown.

    Attributes:
        frame: The picture.
        is_whole: Whether it was decoded whole, and all that it was made of.
    """

    frame: VideoFrame
    is_whole: bool


class _Held(NamedTuple):
    frame: VideoFrame
    turn: int
    is_whole: bool


class DamageTracker:
    """Distinguishes whole pictures from damaged ones.

    From a picture on that could not be decoded, or only in part, none is whole until the next key
    frame after it: they are predicted from what is not there. So may be those that are shown before
    it, but were decoded after it. A picture is thus held back while others are still to come that
    were decoded before it; where pictures are shown as they are decoded, that is never.
    """

    def __init__(self) -> None:
        self._damaged_s: float | None = None
        self._turn = 0
        self._coming: dict[int, int] = {}
        """Stamps of the pictures that did not come out yet, and when each was decoded."""
        self._keys: set[int] = set()
        """Those of key frames, which not every decoder tells."""
        self._held: deque[_Held] = deque()

    def send(self, packet: Packet[VideoStream]) -> None:
        """Take note of a packet that is to be decoded."""
        self._turn += 1
        if packet.pts is not None:
            self._coming[packet.pts] = self._turn
            if packet.is_keyframe:
                self._keys.add(packet.pts)
        for stamp in [at for at, turn in self._coming.items() if turn < self._turn - _LONGEST_WAY]:
            del self._coming[stamp]
        self._keys &= self._coming.keys()

    def fail(self, packet: Packet[VideoStream]) -> None:
        """Take note of a packet that could not be decoded.

        Where several are decoded at once it may have been one before: what is held may be of it.
        """
        if packet.pts is not None:
            self._coming.pop(packet.pts, None)
        self._damage(time_of(packet.pts, packet.time_base), 0)

    def take(self, frame: VideoFrame) -> Iterator[DecodedPicture]:
        """Take the next picture; gives those of which all is known now."""
        is_key = frame.key_frame or frame.pts in self._keys
        turn = self._coming.pop(frame.pts, 0) if frame.pts is not None else 0
        if frame.is_corrupt:
            self._damage(frame.time, turn)
        elif self._damaged_s is not None and is_key and self._is_later(frame):
            self._damaged_s = None
        self._held.append(_Held(frame, turn, self._damaged_s is None))
        first = min(self._coming.values(), default=self._turn + 1)
        while self._held and (self._held[0].turn < first or len(self._held) > _MOST_HELD):
            frame, _, is_whole = self._held.popleft()
            yield DecodedPicture(frame, is_whole)

    def end(self) -> Iterator[DecodedPicture]:
        """The pictures that were still held back, as no other comes."""
        while self._held:
            frame, _, is_whole = self._held.popleft()
            yield DecodedPicture(frame, is_whole)

    def _is_later(self, frame: VideoFrame) -> bool:
        """Pictures come out later than they went in, so a key frame may be of before the damage."""
        return frame.time is None or self._damaged_s is None or frame.time > self._damaged_s

    def _damage(self, time_s: float | None, turn: int) -> None:
        before = -math.inf if self._damaged_s is None else self._damaged_s
        self._damaged_s = max(before, -math.inf if time_s is None else time_s)
        self._held = deque(
            each._replace(is_whole=each.is_whole and each.turn < turn) for each in self._held
        )


def time_of(stamp: int | None, base: Fraction | None) -> float | None:
    """A packet's stamp, s; None where it has none."""
    return None if stamp is None or base is None else float(stamp * base)
