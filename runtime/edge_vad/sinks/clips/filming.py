"""Writes clips, one thread for all cameras, picture by picture as they come."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge_vad.errors import EdgeVadError
from edge_vad.opencv import cv2
from edge_vad.outputs.drawing import Image
from edge_vad.sinks.clips.codec import browser_codec
from edge_vad.sinks.clips.file import VideoWriter, finish_left
from edge_vad.sinks.clips.reel import Picture
from edge_vad.sinks.store.media import MEDIA, stem
from edge_vad.sinks.worker import Worker

_MOST_WAITING = 1000
"""Pictures; beyond, clips lose some."""
_log = logging.getLogger(__name__)


class Filming:
    """Writes any number of clips at a time.

    Args:
        folder: The store's folder.

    Attributes:
        dropped: Pictures and clips that were left out.
        why: Why the last clip could not be written; empty when it could.
    """

    def __init__(self, folder: Path) -> None:
        self.dropped = 0
        self.why = ""
        self._folder = folder
        self._files: dict[str, VideoWriter | None] = {}
        self._worker = Worker[Callable[[], object]]("clips-file", self._work, 1_000_000)
        self._worker.put(lambda: finish_left(folder / MEDIA))
        # It takes seconds on a small machine, which a run that ends with an event does not have.
        self._worker.put(browser_codec)

    @property
    def depth(self) -> int:
        """Pictures that wait to be written."""
        return self._worker.depth

    def begin(self, event_id: str, fps: float, pictures: list[Picture]) -> None:
        """Begin a clip with the pictures of before."""
        self._worker.put(lambda: self._begin(event_id, fps, pictures))

    def add(self, event_id: str, picture: Picture) -> None:
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

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (EdgeVadError, OSError, cv2.error) as error:
            told = error.what if isinstance(error, EdgeVadError) else str(error)
            if told != self.why:
                _log.warning("a clip is left out: %s", told)
            self.why = told
            self.dropped += 1

    def _begin(self, event_id: str, fps: float, pictures: list[Picture]) -> None:
        self._files[event_id] = None
        if not pictures:
            return
        rows, columns = _decoded(pictures[0]).shape[:2]
        path = self._folder / stem(event_id)
        self._files[event_id] = VideoWriter(path, browser_codec(), fps, columns, rows)
        for picture in pictures:
            self._write(event_id, picture)

    def _write(self, event_id: str, picture: Picture) -> None:
        file = self._files.get(event_id)
        if file is not None:
            file.write(_decoded(picture), picture.time_s)

    def _finish(self, event_id: str) -> None:
        file = self._files.pop(event_id, None)
        if file is not None:
            file.finish()
            self.why = ""


def _decoded(picture: Picture) -> Image:
    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None  # noqa: S101 - we have encoded it
    return image.astype(np.uint8, copy=False)
