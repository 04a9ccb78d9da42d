"""The digest of a scene model: its last bytes are the SHA-256 of all before them.

It is an entry of the file's metadata, so other tools that read ONNX read the file as ever. It tells
a file that was damaged or altered; it does not tell who wrote it.
"""

from __future__ import annotations

import hashlib

from edge_vad.onnx_file.parts import METADATA
from edge_vad.onnx_file.wire import block

KEY = "edge-vad.sha256"
_DIGITS = hashlib.sha256().digest_size * 2
_HEAD = block(METADATA, block(1, KEY.encode()) + block(2, b"0" * _DIGITS))[:-_DIGITS]


def append_digest(content: bytes) -> bytes:
    """Append its digest to the content of an ONNX file; in the place of the one it has."""
    if _has_digest(content):
        content = content[: -len(_HEAD) - _DIGITS]
    return content + _HEAD + _digest(content)


def check_digest(content: bytes) -> None:
    """See to it that a file is as it was written.

    Raises:
        ValueError: It has no digest, or another one.
    """
    if not _has_digest(content):
        raise ValueError("it has no digest, as those that an older edge-vad wrote")
    body = memoryview(content)[: -len(_HEAD) - _DIGITS]
    if content[-_DIGITS:] != _digest(body):
        raise ValueError("its digest does not fit: it was damaged or altered")


def _has_digest(content: bytes) -> bool:
    return content[-len(_HEAD) - _DIGITS : -_DIGITS] == _HEAD


def _digest(content: bytes | memoryview) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
