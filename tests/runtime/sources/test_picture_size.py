"""A picture's size is read before it is decoded: what unpacks to gigabytes is not unpacked."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.sources.decoding.picture_size import is_within_limits
from edge_vad.sources.decoding.pictures import decode_picture, read_grey, read_picture

IMAGE = np.arange(48 * 64 * 3, dtype=np.uint32).reshape(48, 64, 3).astype(np.uint8)
SUFFIXES = (".png", ".jpg", ".bmp", ".tif")


def png(width: int, height: int) -> bytes:
    """A picture of one colour, a thousandth of the size of what it unpacks to."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compressobj(9)
    lines = b"".join(packed.compress(bytes(1 + 3 * width)) for _ in range(min(height, 3000)))
    body = chunk(b"IHDR", head) + chunk(b"IDAT", lines + packed.flush()) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def packed(suffix: str) -> bytes:
    return cv2.imencode(suffix, IMAGE)[1].tobytes()


def as_wide_as(suffix: str, width: int) -> bytes:
    """A small picture whose header says that it is wide."""
    data = bytearray(packed(suffix))
    if suffix == ".png":
        data[16:20] = struct.pack(">I", width)
    elif suffix == ".bmp":
        data[18:22] = struct.pack("<i", width)
    elif suffix == ".jpg":
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", min(width, 65535), min(width, 65535))
    else:
        at = struct.unpack_from("<I", data, 4)[0] + 2
        while struct.unpack_from("<H", data, at)[0] != 256:
            at += 12
        data[at + 2 : at + 12] = struct.pack("<HII", 4, 1, width)
    return bytes(data)


@pytest.mark.parametrize("size", [(20_000, 25_000), (60_000, 9_000), (2**31, 2**31), (0, 10)])
def test_a_small_file_of_a_huge_picture_is_not_unpacked(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png(*size) if size[0] < 2**31 else as_wide_as(".png", 2**31))
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    assert read_picture(path) is None
    assert read_grey(path) is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_size_of_every_kind_is_read(suffix: str) -> None:
    assert is_within_limits(packed(suffix))
    assert not is_within_limits(as_wide_as(suffix, 2**30))


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".webp"])
def test_what_can_be_decoded_is_of_a_kind_that_is_known(suffix: str) -> None:
    image = decode_picture(packed(suffix))
    assert (image is None) == (suffix == ".webp")


def test_the_largest_pictures_of_cameras_are_read() -> None:
    image = decode_picture(cv2.imencode(".jpg", np.zeros((4320, 7680), np.uint8))[1].tobytes())
    assert image is not None
    assert image.shape == (4320, 7680, 3)


def test_a_picture_upside_down_is_read() -> None:
    data = bytearray(packed(".bmp"))
    data[22:26] = struct.pack("<i", -48)
    assert is_within_limits(bytes(data))


def test_a_picture_of_endless_scans_is_refused() -> None:
    data = packed(".jpg")
    scan = data[data.index(b"\xff\xda") : -2]
    assert not is_within_limits(data[:-2] + scan * 200 + data[-2:])


@given(data=st.data())
def test_any_header_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(packed(data.draw(st.sampled_from(SUFFIXES))))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, min(300, len(whole) - 1)))] = data.draw(st.integers(0, 255))
    decode_picture(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
