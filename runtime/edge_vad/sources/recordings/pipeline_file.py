"""Video files through the decoding unit of a Jetson."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import closing

from edge_vad.opencv import cv2
from edge_vad.sources.addresses.spec import RecordingSpec
from edge_vad.sources.decoding import pipelines
from edge_vad.sources.decoding.sizes import demand_alike
from edge_vad.sources.decoding.video_file import Raw
from edge_vad.sources.recordings.opencv_file import raws_of
from edge_vad.sources.recordings.pyav_file import PyAvFile

_log = logging.getLogger("edge_vad.sources")


class PipelineFile:
    """A video file; see `edge_vad.sources.decoding.video_file.VideoFile`.

    The unit tells no damage. What it refuses is decoded in software, with a warning.

    Args:
        spec: The file, and the size of its pictures.
        software: The same file, decoded in software; knows its rate and length.

    Raises:
        BadInput: Pictures of the size that was asked for would be squeezed.
    """

    def __init__(self, spec: RecordingSpec, software: PyAvFile) -> None:
        self.fps, self.count, self.most = software.fps, software.count, software.most
        self.decoder = ""
        demand_alike(str(spec.path), software.size, spec.size)
        self._spec, self._software = spec, software

    def decode(self) -> Generator[Raw, None, None]:
        """Decode from the beginning; see `VideoFile.decode`."""
        text = pipelines.of_file(self._spec.path, self._spec.size)
        capture = cv2.VideoCapture(text, cv2.CAP_GSTREAMER) if pipelines.has_gstreamer() else None
        if capture is not None and capture.isOpened():
            self.decoder = pipelines.USED
            try:
                yield from raws_of(capture)
            finally:
                capture.release()
            return
        why = pipelines.lack_of_pipelines() or f"{pipelines.USED} refuses it"
        self.decoder = f"software ({why})"
        _log.warning("%s is decoded in software: %s", self._spec.path, why)
        with closing(self._software.decode()) as pictures:
            yield from pictures
