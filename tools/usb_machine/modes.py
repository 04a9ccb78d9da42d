"""What the simulated USB camera can send, and how it tells so: the descriptors of UVC 1.0."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import NamedTuple

_VIDEO, _CONTROL, _STREAMING = 0x0E, 1, 2
_OF_CLASS, _BULK_IN, _BULK_BYTES = 0x24, 0x81, 512
_YUY2 = bytes.fromhex("5955593200001000800000aa00389b71")


class Mode(NamedTuple):
    """One format in one size.

    Attributes:
        format: `MJPG` or `YUYV`.
        width: In px.
        height: In px.
        fps: Frames a second.
        pictures: What is sent, over and over.
    """

    format: str
    width: int
    height: int
    fps: int
    pictures: list[bytes]

    @property
    def most_bytes(self) -> int:
        """More than any picture takes, and just what a raw one does."""
        return self.width * self.height * 2

    @property
    def interval(self) -> int:
        """From picture to picture, in units of 100 ns."""
        return 10_000_000 // self.fps


def write_modes(folder: Path, modes: list[Mode]) -> None:
    """Write them for the machine inside, which reads them with Python's own library."""
    told = []
    for mode in modes:
        file = f"{mode.format}-{mode.width}x{mode.height}"
        (folder / file).write_bytes(b"".join(mode.pictures))
        lengths = [len(picture) for picture in mode.pictures]
        told.append({**mode._asdict(), "pictures": None, "file": file, "lengths": lengths})
    (folder / "modes.json").write_text(json.dumps(told))


def read_modes(folder: Path) -> list[Mode]:
    """Read what `write_modes` wrote."""
    return [_read_mode(folder, told) for told in json.loads((folder / "modes.json").read_text())]


def _read_mode(folder: Path, told: dict) -> Mode:
    begin, pictures = 0, []
    whole = (folder / told["file"]).read_bytes()
    for length in told["lengths"]:
        pictures.append(whole[begin : begin + length])
        begin += length
    return Mode(told["format"], told["width"], told["height"], told["fps"], pictures)


class Descriptors:
    """What the camera tells about itself: its formats, and the sizes of each.

    Args:
        modes: Of at least one format, in the order in which they are told.
    """

    def __init__(self, modes: list[Mode]) -> None:
        self._formats: dict[str, list[Mode]] = {}
        for mode in modes:
            self._formats.setdefault(mode.format, []).append(mode)
        about = (1, 0x200, 0xEF, 2, 1, 64, 0x1D6B, 0x0102, 0x100, 1, 2, 0, 1)
        self.device = _packed("<BHBBBBHHHBBBB", *about)
        self.texts = (_described(b"\3\x09\x04"), _text("edge-vad"), _text("Simulated webcam"))
        self.configuration = self._configuration()

    def numbers(self, format_number: int, frame_number: int) -> tuple[int, int]:
        """The nearest numbers of a format and a size that exist; both count from 1."""
        format_number = min(max(format_number, 1), len(self._formats))
        sizes = len(list(self._formats.values())[format_number - 1])
        return format_number, min(max(frame_number, 1), sizes)

    def mode(self, format_number: int, frame_number: int) -> Mode:
        """The mode of these numbers, which must exist."""
        return list(self._formats.values())[format_number - 1][frame_number - 1]

    def _configuration(self) -> bytes:
        interfaces = b"".join(
            (
                _described(bytes([0x0B, 0, 2, _VIDEO, 3, 0, 0])),
                _described(bytes([4, 0, 0, 0, _VIDEO, _CONTROL, 0, 0])),
                self._control(),
                _described(bytes([4, 1, 0, 1, _VIDEO, _STREAMING, 0, 0])),
                self._streaming(),
                _packed("<BBBHB", 5, _BULK_IN, 2, _BULK_BYTES, 0),
            )
        )
        return _packed("<BHBBBBB", 2, 9 + len(interfaces), 2, 1, 0, 0x80, 50) + interfaces

    def _control(self) -> bytes:
        """A lens, and the way out from it, over USB."""
        lens = _of_class(2, struct.pack("<BHBBHHHB3s", 1, 0x201, 0, 0, 0, 0, 0, 3, bytes(3)))
        out = _of_class(3, struct.pack("<BHBBB", 2, 0x101, 0, 1, 0))
        length = 13 + len(lens) + len(out)
        return _of_class(1, struct.pack("<HHIBB", 0x100, length, 48_000_000, 1, 1)) + lens + out

    def _streaming(self) -> bytes:
        numbered = enumerate(self._formats.values(), start=1)
        formats = b"".join(_format(number, modes) for number, modes in numbered)
        count = len(self._formats)
        told = (count, 13 + count + len(formats), _BULK_IN, 0, 2, 0, 0, 0, 1)
        return _of_class(1, struct.pack("<BHBBBBBBB", *told), bytes(count)) + formats


def _format(number: int, modes: list[Mode]) -> bytes:
    head = bytes([number, len(modes)])
    if modes[0].format == "MJPG":
        return _of_class(6, head, bytes([1, 1, 0, 0, 0, 0])) + _sizes(7, modes)
    return _of_class(4, head, _YUY2, bytes([16, 1, 0, 0, 0, 0])) + _sizes(5, modes)


def _sizes(kind: int, modes: list[Mode]) -> bytes:
    told = b""
    for number, mode in enumerate(modes, start=1):
        bits = mode.most_bytes * 8 * mode.fps
        size = (number, 0, mode.width, mode.height, bits, bits, mode.most_bytes)
        rate = (mode.interval, 1, mode.interval)
        told += _of_class(kind, struct.pack("<BBHH3I", *size), struct.pack("<IBI", *rate))
    return told


def _described(body: bytes) -> bytes:
    return bytes([len(body) + 1]) + body


def _packed(layout: str, *values: int) -> bytes:
    return _described(struct.pack(layout, *values))


def _of_class(kind: int, *body: bytes) -> bytes:
    return _described(bytes([_OF_CLASS, kind]) + b"".join(body))


def _text(text: str) -> bytes:
    return _described(b"\3" + text.encode("utf-16-le"))
