"""Writes clips, one thread for all cameras, picture by picture as they come."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_vad.errors import EdgeVadError
from edge_vad.opencv import cv2
from edge_vad.outputs.drawing import Image
from edge_vad.sinks.clips.codec import browser_codec
from edge_vad.sinks.clips.preroll_buffer import JpegFrame
from edge_vad.sinks.clips.video_writer import VideoWriter, finish_interrupted
from edge_vad.sinks.store.media import MEDIA, stem
from edge_vad.sinks.threads.worker import Worker

_MOST_WAITING = 1000
"""Pictures; beyond, clips lose some."""
_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""What may be well again soon: no descriptors, no memory."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Clip:
    """A clip that is being written.

    Attributes:
        stem: Its file without the ending.
        fps: Frames a second.
        pictures: Pictures that are not in the file yet.
        file: The file, once there is one.
        is_over: Whether no more pictures come.
    """

    stem: Path
    fps: float
    pictures: list[JpegFrame] = field(default_factory=list)
    file: VideoWriter | None = None
    is_over: bool = False

    def write(self) -> None:
        """Write what waits.

        Raises:
            EdgeVadError: The disk is full, or this OpenCV cannot write videos.
            OSError: No file can be opened.
        """
        if self.pictures and self.file is None:
            rows, columns = _decoded(self.pictures[0]).shape[:2]
            self.file = VideoWriter(self.stem, browser_codec(), self.fps, columns, rows)
        for picture in self.pictures:
            assert self.file  # noqa: S101 - made above
            self.file.write(_decoded(picture), picture.time_s)
        self.pictures.clear()


class ClipWriter:
    """Writes any number of clips at a time.

    While no file can be opened, pictures wait in memory, and clips that are over wait to be named.

    Args:
        folder: The store's folder.

    Attributes:
        dropped: Pictures and clips that were left out.
        done: Clips that are whole.
        lost: Clips that were left out.
        empty: Clips of events that came without a picture.
        why: Why the last clip could not be written; empty when it could.
    """

    def __init__(self, folder: Path) -> None:
        self.dropped = 0
        self.why = ""
        self.done = self.lost = self.empty = 0
        self._folder = folder
        self._clips: dict[str, _Clip] = {}
        self._worker = Worker[Callable[[], object]]("clips-file", self._work, 1_000_000)
        self._worker.put(lambda: finish_interrupted(folder / MEDIA))
        # It takes seconds on a small machine, which a run that ends with an event does not have.
        self._worker.put(browser_codec)

    @property
    def depth(self) -> int:
        """Pictures that wait to be written."""
        return self._worker.depth

    def begin(self, event_id: str, fps: float, pictures: list[JpegFrame]) -> None:
        """Begin a clip with the pictures of before."""
        self._worker.put(lambda: self._begin(event_id, fps, pictures))

    def add(self, event_id: str, picture: JpegFrame) -> None:
        """Add a picture."""
        if self._worker.depth < _MOST_WAITING:
            self._worker.put(lambda: self._write(event_id, picture))
        else:
            self.dropped += 1

    def finish(self, event_id: str) -> None:
        """End a clip."""
        self._worker.put(lambda: self._finish(event_id))

    def close(self, timeout_s: float) -> None:
        """Write what waits."""
        self._worker.close(timeout_s)

    def _work(self, batch: list[Callable[[], object]]) -> None:
        for act in batch:
            self._try(act)
        if not batch:
            for event_id in [each for each, clip in self._clips.items() if clip.is_over]:
                self._try(lambda: self._finish(event_id))  # noqa: B023 - called at once

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (EdgeVadError, OSError, cv2.error) as error:
            self._report(error.what if isinstance(error, EdgeVadError) else str(error))
            self.dropped += 1

    def _begin(self, event_id: str, fps: float, pictures: list[JpegFrame]) -> None:
        self._clips[event_id] = _Clip(self._folder / stem(event_id), fps, list(pictures))
        self._write(event_id)

    def _write(self, event_id: str, picture: JpegFrame | None = None) -> None:
        """Add a picture and write what waits; a clip that cannot be written is left out."""
        clip = self._clips.get(event_id)
        if clip is None:
            return
        clip.pictures += [picture] if picture else []
        del clip.pictures[:-_MOST_WAITING]
        try:
            clip.write()
        except OSError as error:
            if error.errno not in _PASSING:
                self._leave_out(event_id)
                raise
            self._report(f"clips wait in memory ({error.strerror})")
        except (EdgeVadError, cv2.error):
            self._leave_out(event_id)
            raise

    def _finish(self, event_id: str) -> None:
        self._write(event_id)
        clip = self._clips.get(event_id)
        if clip is None:
            return
        clip.is_over = True
        if clip.pictures:
            return
        try:
            if clip.file:
                clip.file.finish()
        except OSError as error:
            self._report(f"a clip waits to be finished ({error.strerror})")
            return
        except EdgeVadError:
            self._leave_out(event_id)
            raise
        del self._clips[event_id]
        self.done += clip.file is not None
        self.empty += clip.file is None
        self.why = ""

    def _leave_out(self, event_id: str) -> None:
        del self._clips[event_id]
        self.lost += 1

    def _report(self, why: str) -> None:
        if why != self.why:
            _log.warning("a clip is left out: %s", why)
        self.why = why


def _decoded(picture: JpegFrame) -> Image:
    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None  # noqa: S101 - we have encoded it
    return image.astype(np.uint8, copy=False)
