"""The folder of one camera's footage: names, what is there already, and whose it is."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from edge_vad.errors import BadInput
from edge_vad.files.closing import Closing
from edge_vad.files.owner import Owner
from edge_vad.record.footage_file import SUFFIX, FootageFile, finish, seconds_of
from edge_vad.record.samples import Sample, SampleFeed

_TIME = "%Y-%m-%d_%H-%M-%S"
_NAMED = re.compile(r".+_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.\d{3}Z\.mkv")
_log = logging.getLogger(__name__)


class FootageFolder(Closing):
    """Owns a camera's folder until it is closed; what a kill left half-written there is finished.

    Args:
        path: The folder; made when it is missing.
        camera: The camera's name, with which the files' names begin.

    Attributes:
        seconds: Of footage in finished files, those of earlier recordings included.
        size: Bytes of these.
        files: How many there are.
        finished: How many of them had been cut off.

    Raises:
        BadInput: Another process records there, or nothing can be written.
    """

    def __init__(self, path: Path, camera: str) -> None:
        self.path = path
        self._camera = camera
        self._owner = Owner(path)
        self.seconds, self.size, self.files, self.finished = 0.0, 0, 0, 0
        try:
            for file in sorted(path.iterdir()):
                self._take_in(file)
        except OSError as error:
            self.close()
            raise BadInput(
                f"the footage in {path} cannot be finished ({error.strerror})",
                "free some space, or choose another folder",
            ) from None

    def begin(self, feed: SampleFeed, first: Sample) -> FootageFile:
        """Begin the next file, named by the present.

        Raises:
            OSError: It cannot be written.
        """
        now = datetime.now(timezone.utc)
        while True:
            with suppress(FileExistsError):
                return FootageFile(self.path / name_at(self._camera, now), feed, first)
            now += timedelta(milliseconds=1)

    def add(self, file: FootageFile) -> int:
        """Close a file, and count it; returns its bytes.

        Raises:
            OSError: Its end cannot be written.
        """
        self.files += 1
        self.seconds += file.seconds
        try:
            file.close()
        finally:
            size = file.path.stat().st_size
            self.size += size
        return size

    def close(self) -> None:
        """Give the folder up; see `Owner.close`."""
        self._owner.close()

    def _take_in(self, file: Path) -> None:
        """Count a file of an earlier recording; finish it where that was killed."""
        if file.name.startswith(".") and _NAMED.fullmatch(file.name[1:].removesuffix(".partial")):
            file.unlink()  # of a recording that was killed while it finished another
            return
        if not _NAMED.fullmatch(file.name) or file.is_symlink() or not file.is_file():
            return
        seconds = seconds_of(file)
        if seconds is None:
            if not finish(file):
                return
            self.finished += 1
            seconds = seconds_of(file) or 0.0
        self.files += 1
        self.seconds += seconds
        self.size += file.stat().st_size


def name_at(camera: str, when: datetime) -> str:
    """The name of a file of footage.

    Args:
        camera: The camera's name.
        when: When its first picture came; in UTC.

    Example:
        >>> name_at("gate", datetime(2026, 5, 1, 9, 30, tzinfo=timezone.utc))
        'gate_2026-05-01_09-30-00.000Z.mkv'
    """
    return f"{camera}_{when.strftime(_TIME)}.{when.microsecond // 1000:03d}Z{SUFFIX}"
