"""A file of footage, Matroska, that plays wherever it is cut off."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path

import av
from av.error import FFmpegError

from edge_vad.errors import BadInput
from edge_vad.files.atomic import PRIVATE
from edge_vad.record.copied import CopiedFile
from edge_vad.record.samples import Sample, SampleFeed
from edge_vad.sources.feeds.feed import FeedEnded, FeedLost
from edge_vad.sources.recordings.pyav_file import open_container

SUFFIX = ".mkv"
# What is in a cluster is written when it is whole: a kill loses half a second of it, at most.
_OPTIONS = {"cluster_time_limit": "500", "flush_packets": "1"}
_MICROSECONDS = 1e6
_UNFIT = "what it sends cannot be kept in a file"


class _Sink:
    """A new file for its owner alone, as PyAV writes it: every byte goes to the system at once."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._handle = os.open(path, flags, PRIVATE)
        self.failure: OSError | None = None

    @property
    def size(self) -> int:
        return os.fstat(self._handle).st_size

    def write(self, content: bytes) -> int:
        left = memoryview(content)
        try:
            while left:
                left = left[os.write(self._handle, left) :]
        except OSError as error:
            self.failure = error
            raise
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._handle, offset, whence)

    def tell(self) -> int:
        return os.lseek(self._handle, 0, os.SEEK_CUR)

    def end(self) -> None:
        try:
            os.fsync(self._handle)
        finally:
            os.close(self._handle)


class FootageFile:
    """A file that is written, sample by sample.

    Args:
        path: Where; nothing may be there.
        feed: What is recorded.
        first: Its first sample, which is to be written next; a key frame.

    Attributes:
        path: Where.
        seconds: From the first picture to the last.

    Raises:
        FileExistsError: There is a file of that name.
        OSError: It cannot be written.
        FeedLost: What is sent fits into no file.
    """

    def __init__(self, path: Path, feed: SampleFeed, first: Sample) -> None:
        self.path, self.seconds = path, 0.0
        self._begin_s = first.time_s
        self._sink = _Sink(path)
        try:
            self._container = av.open(self._sink, "w", format="matroska", options=_OPTIONS)
            self._track = feed.track(self._container)
        except (FFmpegError, ValueError):
            self._sink.end()
            path.unlink()
            raise FeedLost(_UNFIT) from None

    @property
    def size(self) -> int:
        """Bytes that are on the disk."""
        return self._sink.size

    def write(self, sample: Sample) -> None:
        """Add a sample.

        Raises:
            OSError: The disk is full, or gone.
            FeedLost: It is broken, and so is what comes after it.
        """
        try:
            self._track.write(sample, self._begin_s)
        except (FFmpegError, ValueError):
            if self._sink.failure:
                raise self._sink.failure from None
            raise FeedLost(_UNFIT) from None
        self.seconds = max(self.seconds, sample.time_s - self._begin_s)

    def close(self) -> None:
        """End the file: its index and length are written.

        Raises:
            OSError: They cannot be; what was recorded plays nevertheless.
        """
        try:
            self._track.end()
            self._container.close()
        except (FFmpegError, ValueError) as error:
            raise self._sink.failure or OSError(errno.EIO, str(error)) from None
        finally:
            self._sink.end()


def seconds_of(path: Path) -> float | None:
    """How long a file of footage is; None where it was cut off, or is none."""
    try:
        with closing(open_container(path)) as container:
            return None if container.duration is None else container.duration / _MICROSECONDS
    except BadInput:
        return None


def finish(path: Path) -> bool:
    """Give a file that was cut off its index and length; one that holds no picture is removed.

    Returns:
        Whether it is still there.

    Raises:
        OSError: There is no room, or no right to write.
    """
    beside = path.with_name(f".{path.name}.partial")
    beside.unlink(missing_ok=True)
    try:
        is_kept = _copy(path, beside)
    except (BadInput, FeedLost):
        is_kept = False
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    if is_kept:
        beside.replace(path)
    else:
        path.unlink()
    return is_kept


def _copy(path: Path, to: Path) -> bool:
    """Copy all packets; whether there are any.

    Raises:
        BadInput: It is no video.
        OSError: They cannot be written.
    """
    with closing(CopiedFile(path)) as feed:
        samples = _samples_of(feed)
        first = next((sample for sample in samples if sample.is_key), None)
        if first is None:
            return False
        with closing(FootageFile(to, feed, first)) as copy:
            for sample in chain((first,), samples):
                copy.write(sample)
        return True


def _samples_of(feed: SampleFeed) -> Iterator[Sample]:
    with suppress(FeedEnded):
        while True:
            yield feed.next()
