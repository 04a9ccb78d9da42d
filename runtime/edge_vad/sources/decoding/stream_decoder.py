"""Decodes a stream by the unit that was asked for, or in software; which, is always told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from av.error import FFmpegError

from edge_vad.errors import Unavailable
from edge_vad.sources.decoding.units import (
    UNITS,
    StreamRefusedError,
    Unit,
    UnitMissingError,
    lack_of,
    open_unit,
    start,
)

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

AUTO, SOFTWARE = "auto", "software"
_MOST_FAILURES = 60
"""Packets in a row of which a unit makes nothing, after it made pictures: then it is given up."""
_LONGEST_WAIT = 100
"""Packets until the first picture; several are needed before it."""

_log = logging.getLogger("edge_vad.sources")


def demand_unit(decode: str) -> None:
    """See to it that this machine has the unit that was asked for by its name.

    Args:
        decode: What `decode=` says.

    Raises:
        Unavailable: It has not.
    """
    for unit in _named(decode):
        if lack := lack_of(unit):
            raise Unavailable(
                f"decode={decode}: {lack}",
                f"it needs {unit.mend}; decode=auto takes what there is, see edge-vad doctor",
            )


def _named(decode: str) -> list[Unit]:
    return [unit for unit in UNITS if unit.name == decode]


class StreamDecoder:
    """Decodes the packets of one stream.

    A unit that refuses the stream, or makes nothing of it any more, is given up for software, with
    a warning, at the next key frame: until then packets fail as damaged ones do.

    Args:
        stream: Of which nothing was decoded yet.
        decode: `auto`, `software`, or the name of a unit.
        shown: What is decoded, for people.
        prepare: Sets up a decoder of this stream; given None, the one in software.

    Attributes:
        used: What decodes: `software`, the name of a unit, or why it is software after all.

    Raises:
        Unavailable: This machine has no such unit.
    """

    def __init__(
        self,
        stream: VideoStream,
        decode: str,
        shown: str,
        prepare: Callable[[VideoCodecContext | None], VideoCodecContext],
    ) -> None:
        self.used = SOFTWARE
        self._own, self._shown, self._prepare = stream.codec_context, shown, prepare
        self._unit: Unit | None = None
        self._failures, self._has_begun = 0, False
        self._missed: FFmpegError | None = None
        self._decoder = self._choose(decode)

    def decode(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        """Decode a packet.

        Raises:
            FFmpegError: It is damaged, or of before the key frame that is waited for.
        """
        if self._missed and not packet.is_keyframe:
            raise self._missed
        self._missed = None
        try:
            frames = self._decoder.decode(packet)
        except FFmpegError as error:
            if self._is_given_up(after_error=True):
                self._fall_back(f"{self._unit_name} refuses the stream")
                self._missed = error
                return self.decode(packet)
            raise
        if frames:
            self._failures, self._has_begun = 0, True
        elif self._is_given_up(after_error=False):
            self._fall_back(f"{self._unit_name} makes no pictures")
            self._missed = FFmpegError(0, "a key frame is waited for")
            return self.decode(packet)
        return frames

    @property
    def _unit_name(self) -> str:
        return self._unit.name if self._unit else SOFTWARE

    def _is_given_up(self, *, after_error: bool) -> bool:
        """Take note of a packet that made no picture."""
        if self._unit is None:
            return False
        self._failures += 1
        most = _MOST_FAILURES if self._has_begun else (0 if after_error else _LONGEST_WAIT)
        return self._failures > most

    def _choose(self, decode: str) -> VideoCodecContext:
        whys = []
        for unit in UNITS if decode == AUTO else _named(decode):
            try:
                decoder = self._prepare(open_unit(unit, self._own))
                start(unit, decoder)
            except UnitMissingError:  # noqa: PERF203 - they are three
                demand_unit(decode)  # of `auto` nothing is demanded
            except StreamRefusedError as error:
                whys.append(str(error))
            else:
                self._unit, self.used = unit, unit.name
                return decoder
        if whys:
            self._tell("; ".join(whys))
        return self._prepare(None)

    def _fall_back(self, why: str) -> None:
        self._unit = None
        self._tell(why)
        self._decoder = self._prepare(None)

    def _tell(self, why: str) -> None:
        self.used = f"{SOFTWARE} ({why})"
        _log.warning("%s is decoded in software: %s", self._shown, why)
