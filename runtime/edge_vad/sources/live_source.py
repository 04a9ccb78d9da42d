"""A camera as a source of frames."""

from __future__ import annotations

from collections.abc import Iterator

from edge_vad.camera_state import CameraState
from edge_vad.frame import Frame
from edge_vad.sources.addresses.spec import StreetSpec
from edge_vad.sources.base import Source, SourceState
from edge_vad.sources.capture.capture import Capture
from edge_vad.sources.capture.newest import NewestFrame
from edge_vad.sources.connecting import LiveSpec, connector

_PATIENCE_S = 0.5
_CLOSING_S = 1.0
_STATES = {
    CameraState.CONNECTING: SourceState.NO_SIGNAL,
    CameraState.LIVE: SourceState.LIVE,
    CameraState.NO_SIGNAL: SourceState.NO_SIGNAL,
    CameraState.ENDED: SourceState.ENDED,
}


class LiveSource(Source):
    """A camera, or a recording that is played like one: it hands out the newest frame.

    Frames nobody was ready for are dropped; their numbers are left out. A camera that is lost is
    tried again without end, and what comes after it is another take. Closing ends an iteration
    under way, from any thread.

    Args:
        spec: Which.
        timeout_s: How long the camera may take to answer, and to send the next frame.
    """

    is_live = True

    def __init__(self, spec: LiveSpec, *, timeout_s: float = 5.0) -> None:
        self.name = "street" if isinstance(spec, StreetSpec) else spec.name
        self._connect = connector(spec, timeout_s)
        self._box = NewestFrame()
        self._capture: Capture | None = None
        self._closed = False

    @property
    def fps(self) -> float:  # type: ignore[override]
        """Frames a second, measured."""
        return self._capture.rate.fps if self._capture else 25.0

    @property
    def dropped(self) -> int:
        """Frames nobody was ready for."""
        return self._box.dropped

    @property
    def skipped(self) -> int:  # type: ignore[override]
        """Pictures that could not be decoded whole."""
        return self._capture.skipped if self._capture else 0

    @property
    def decoder(self) -> str:  # type: ignore[override]
        """What decodes the pictures."""
        return self._capture.decoder if self._capture else ""

    def __iter__(self) -> Iterator[Frame]:
        """Hand out the newest frame, again and again; see `play`."""
        return self.play()

    def play(self, fps: float | None = None) -> Iterator[Frame]:
        """Hand out the newest frame, again and again; waits while there is none.

        Args:
            fps: Frames a second that are wanted; the others are not even converted.

        Raises:
            EdgeVadError: It cannot come back, such as a recording that is broken.
        """
        self.close()
        self._closed, self._box = False, NewestFrame()
        capture = Capture(self.name, self._connect, self._box, fps=fps, form=self.form)
        self._capture = capture
        capture.start()
        while not self._closed:
            frame = self._box.take(_PATIENCE_S)
            self.state = _STATES[capture.state]
            if frame is not None:
                yield frame
            elif self.state is SourceState.ENDED:
                if capture.error:
                    raise capture.error
                return

    def close(self) -> None:
        """Let the camera go; harmless when called twice."""
        self._closed = True
        if self._capture:
            self._capture.stop()
            self._capture.join(_CLOSING_S)
