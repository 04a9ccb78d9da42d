"""Reads protobuf messages field by field, without protobuf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_PACKED = 4096
_FIXED = {_FIXED64: 8, _FIXED32: 4}


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
    length = _read_varint(file) if wire == _BYTES else _FIXED[wire]
    if file.tell() + length > size:
        raise ValueError("it ends too early")
    return field, length


Value = int | memoryview
"""What a field holds: a number, or the bytes of a text, a message or numbers."""


def split(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Take a message apart into its fields' numbers and what they hold; nothing is copied.

    Numbers of fixed length are handed out as the bytes that they are.

    Raises:
        ValueError: This is no protobuf message, or it ends too early.
    """
    at, size = 0, len(message)
    while at < size:
        key, at = _varint_at(message, at)
        field, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint_at(message, at)
            yield field, value
            continue
        if wire == _BYTES:
            length, at = _varint_at(message, at)
        elif wire in _FIXED:
            length = _FIXED[wire]
        else:
            raise ValueError("it is no protobuf message")
        if at + length > size:
            raise ValueError("it ends too early")
        yield field, message[at : at + length]
        at += length


def numbers_of(packed: memoryview) -> list[int]:
    """The whole numbers that are packed in a field; a few.

    Raises:
        ValueError: They are cut short, or many.
    """
    if len(packed) > _MOST_PACKED:
        raise ValueError("it holds too much")
    found, at = list[int](), 0
    while at < len(packed):
        value, at = _varint_at(packed, at)
        found.append(value)
    return found


def _varint_at(message: memoryview, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at == len(message):
            raise ValueError("it ends too early")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("it is no protobuf message")


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
