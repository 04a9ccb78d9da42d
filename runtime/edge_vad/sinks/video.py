"""Annotated video of every camera, in pieces, so that the oldest can go."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_vad.detection import Detection
from edge_vad.errors import EdgeVadError
from edge_vad.events import WatchedCamera
from edge_vad.outputs.overlay import Overlay
from edge_vad.scene_model import SceneCard
from edge_vad.sinks.base import Sink, SinkHealth, Site, Tally
from edge_vad.sinks.clips.codec import browser_codec
from edge_vad.sinks.clips.video_writer import VideoWriter, finish_interrupted
from edge_vad.sinks.naming import slugs
from edge_vad.sinks.settings import VideoSettings
from edge_vad.sinks.threads.frame_handoff import FrameHandoff

_TRY_AGAIN_S = 5.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Piece:
    """A piece that is being written.

    Attributes:
        size: Rows and columns of the camera's frames.
        overlay: Draws them.
        file: Takes them; None where none can be written just now.
        until: Monotonic time at which the piece ends.
    """

    size: tuple[int, int]
    overlay: Overlay
    file: VideoWriter | None
    until: float


class AnnotatedVideo(Sink):
    """Writes `video/CAMERA/TIME.mp4` (H.264) where this OpenCV can, else `.webm` (VP8).

    Args:
        settings: How much, and how long the pieces are.
        folder: The sinks' folder.
        site: Whose cameras they are.
    """

    name = "video"

    def __init__(self, settings: VideoSettings, folder: Path, site: Site) -> None:
        self._settings, self._folder = settings, folder / "video"
        self._cards: dict[str, SceneCard] = {}
        self._fps: dict[str, float] = {}
        self._slugs: dict[str, str] = {}
        self.watch(site.cameras)
        self._pieces: dict[str, _Piece] = {}
        self._why = ""
        self._done, self._lost = 0, 0
        self._handoff = FrameHandoff[None](
            "video", self._write, lambda _: None, settings.fps, ending=self._end_all
        )
        finish_interrupted(self._folder)

    def watch(self, cameras: Sequence[WatchedCamera]) -> None:
        """Write videos of these, too; a piece of one that is gone ends with its time."""
        self._cards |= {camera.name: camera.card for camera in cameras}
        self._fps |= {camera.name: min(self._settings.fps, camera.fps) for camera in cameras}
        self._slugs = slugs(list(self._cards))

    def frame(self, camera: str, detection: Detection) -> None:
        """Draw the frame and add it to the camera's video."""
        self._handoff.put(camera, detection)

    def health(self) -> SinkHealth:
        """Say whether videos can be written, and how many frames were left out."""
        return SinkHealth(not self._why, self._why, self._handoff.depth, self._handoff.dropped)

    def tallies(self) -> Sequence[Tally]:
        """How many pieces are whole, are being written, and could not be."""
        files = sum(piece.file is not None for piece in self._pieces.values())
        return (Tally("videos", self._done, files, self._lost),)

    def close(self, timeout_s: float) -> None:
        """End the pieces where they are."""
        self._handoff.close(timeout_s)

    def _write(self, camera: str, detection: Detection) -> None:
        size = detection.frame.image.shape[:2]
        piece = self._pieces.get(camera)
        if piece is None or piece.size != size or time.monotonic() >= piece.until:
            self._end(camera)
            piece = self._pieces[camera] = self._begun(camera, (size[0], size[1]))
        if piece.file is not None:
            piece.file.write(piece.overlay.draw(detection), detection.frame.time_s)

    def _begun(self, camera: str, size: tuple[int, int]) -> _Piece:
        overlay = Overlay(self._cards[camera], size[1], size[0])
        stem = self._folder / self._slugs[camera] / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        try:
            self._make_room()
            file = VideoWriter(
                stem, browser_codec(), self._fps[camera], overlay.width, overlay.height
            )
        except (EdgeVadError, OSError) as error:
            self._report(error)
            return _Piece(size, overlay, None, time.monotonic() + _TRY_AGAIN_S)
        self._why = ""
        return _Piece(size, overlay, file, time.monotonic() + 60 * self._settings.piece_minutes)

    def _end(self, camera: str) -> None:
        piece = self._pieces.pop(camera, None)
        if piece and piece.file:
            try:
                piece.file.finish()
                self._done += 1
            except (EdgeVadError, OSError) as error:
                self._report(error)

    def _end_all(self) -> None:
        for camera in list(self._pieces):
            self._end(camera)

    def _make_room(self) -> None:
        """Delete the oldest pieces of all cameras."""
        pieces = sorted(self._folder.glob("*/*Z.*"), key=lambda path: path.name)
        sizes = [piece.stat().st_size for piece in pieces]
        used = sum(sizes)
        for piece, size in zip(pieces, sizes, strict=True):
            if used <= self._settings.max_size_mb * 1e6:
                break
            piece.unlink(missing_ok=True)
            used -= size

    def _report(self, error: EdgeVadError | OSError) -> None:
        why = error.what if isinstance(error, EdgeVadError) else str(error)
        self._lost += 1
        if why != self._why:
            _log.warning("no video: %s", why)
        self._why = why
