"""A decoding unit that is not there: real decoding, and what real units do to a stream.

It gives NV12 pictures, as units do; it may refuse a stream, die in the middle of it, or say
nothing at all.
"""

from __future__ import annotations

import math
from typing import Any

import av
import pytest
from av.error import InvalidDataError
from av.video.reformatter import VideoReformatter

from edge_vad.sources.decoding import stream_decoder, units


class SimulatedDecoder:
    """Decodes as a unit does.

    Args:
        own: The decoder of the stream in software.
        lasts: Packets that it decodes before it fails at every one.
        is_silent: Whether it fails without a word.
    """

    def __init__(self, own: Any, lasts: float, is_silent: bool) -> None:
        self.name, self.options = own.codec.name, {}
        self._real = av.CodecContext.create(own.codec.name, "r")
        self._real.extradata = own.extradata
        self._lasts, self._is_silent, self._packets = lasts, is_silent, 0
        self._reformatter = VideoReformatter()

    def decode(self, packet: Any) -> list[av.VideoFrame]:
        self._packets += 1
        if self._packets > self._lasts:
            if self._is_silent:
                return []
            raise InvalidDataError(1094995529, "simulated")
        return [self._of_a_unit(frame) for frame in self._real.decode(packet)]

    def _of_a_unit(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The same numbers, with the two colours side by side."""
        return self._reformatter.reformat(frame, format="nv12", threads=1)


def install(
    patch: pytest.MonkeyPatch,
    name: str = "nvdec",
    *,
    lasts: float = math.inf,
    is_silent: bool = False,
    codecs: tuple[str, ...] = ("h264",),
) -> None:
    """Put a unit into this machine; all others are missing.

    Args:
        patch: Takes it out again.
        name: Which.
        lasts: See `SimulatedDecoder`.
        is_silent: See `SimulatedDecoder`.
        codecs: What it decodes.
    """

    def open_unit(unit: units.Unit, own: Any) -> Any:
        if unit.name != name:
            raise units.UnitMissingError(f"there is no {unit.shown} here")
        if own.codec.canonical_name not in codecs:
            raise units.StreamRefusedError(f"{unit.shown} does not decode this")
        return SimulatedDecoder(own, lasts, is_silent)

    def lack_of(unit: units.Unit) -> str:
        return "" if unit.name == name else f"there is no {unit.shown} here"

    patch.setattr(stream_decoder, "open_unit", open_unit)
    patch.setattr(stream_decoder, "lack_of", lack_of)
    patch.setattr(stream_decoder, "start", lambda unit, decoder: None)


def remove_all(patch: pytest.MonkeyPatch) -> None:
    """A machine without any unit."""
    install(patch, "none")
