"""Reads protobuf messages field by field, without protobuf."""

from __future__ import annotations

from typing import BinaryIO

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def read_key(file: BinaryIO, size: int) -> tuple[int, int]:
    """Read one field's key; the file then stands at its content.

    A number in the key's own place is read over.

    Args:
        file: Stands at a field.
        size: Where the message ends.

    Returns:
        The field's number, and the length of its content.

    Raises:
        ValueError: This is no protobuf message, or it ends too early.
    """
    key = _read_varint(file)
    field, wire = key >> 3, key & 7
    if wire == _VARINT:
        _read_varint(file)
        return field, 0
    if wire not in (_FIXED64, _BYTES, _FIXED32):
        raise ValueError("it is no protobuf message")
    length = _read_varint(file) if wire == _BYTES else {_FIXED64: 8, _FIXED32: 4}[wire]
    if file.tell() + length > size:
        raise ValueError("it ends too early")
    return field, length


def varint(number: int) -> bytes:
    """Encode a number that is not negative: seven bits a byte, the lowest first."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def block(field: int, content: bytes) -> bytes:
    """Encode a field that holds bytes, a text or a message."""
    return varint(field << 3 | _BYTES) + varint(len(content)) + content


def number(field: int, value: int) -> bytes:
    """Encode a field that holds a number."""
    return varint(field << 3 | _VARINT) + varint(value)


def _read_varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("it ends too early")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("it is no protobuf message")
