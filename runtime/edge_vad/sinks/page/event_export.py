"""An event as a zip file: its clip, its picture, and what is known of it as JSON."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from edge_vad.events import ChangeKind, EventChange, LiveEvent
from edge_vad.sinks.messages import event_message

_CHUNK = 2**18


def export_name(event: LiveEvent) -> str:
    """What the file is called: camera, zone and time (UTC), which are safe in a name."""
    at = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime(min(max(event.start, 0), 2**31)))
    place = "-".join(filter(None, (event.camera, event.zone)))
    safe = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in place)
    return f"{safe}_{at}.zip"


def exported(event: LiveEvent, folder: Path) -> Iterator[bytes]:
    """The bytes of the zip file, as they are read from the disk.

    Args:
        event: The event.
        folder: The store's.
    """
    into = _Stream()
    # Pictures and videos are compressed already.
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as archive:
        document = msgspec.json.format(
            msgspec.json.encode(event_message(EventChange(ChangeKind.END, event)))
        )
        archive.writestr("event.json", document + b"\n")
        yield into.taken()
        for name in filter(None, (event.snapshot, event.clip)):
            # What retention deletes meanwhile is left out.
            with suppress(FileNotFoundError):
                yield from _added(archive, into, folder / name)
    yield into.taken()


def _added(archive: zipfile.ZipFile, into: _Stream, path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        entry = zipfile.ZipInfo(
            f"{'picture' if path.suffix == '.jpg' else 'clip'}{path.suffix}",
            time.gmtime(path.stat().st_mtime)[:6],
        )
        with archive.open(entry, "w", force_zip64=True) as target:
            while chunk := file.read(_CHUNK):
                target.write(chunk)
                yield into.taken()


class _Stream:
    """A file that is written to and read from, and never goes back."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, content: bytes, /) -> int:
        self._written += content
        return len(content)

    def flush(self) -> None:
        """There is nothing to flush."""

    def close(self) -> None:
        """Nor to close."""

    def taken(self) -> bytes:
        """What was written since this was asked for last."""
        content, self._written = bytes(self._written), bytearray()
        return content
