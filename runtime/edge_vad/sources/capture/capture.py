"""The thread that captures one camera, and connects to it again and again."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

from edge_vad.camera_state import CameraState
from edge_vad.errors import EdgeVadError
from edge_vad.frame import Form, Frame
from edge_vad.motion.pace import FrameRateLimiter
from edge_vad.sources.capture.backoff import Outage
from edge_vad.sources.capture.clock import CaptureClock
from edge_vad.sources.capture.newest import NewestFrame
from edge_vad.sources.capture.rate import Rate
from edge_vad.sources.feeds.feed import Connect, Feed, FeedEnded, FeedLost

GAP = 1000
"""Frame numbers left out where a frame does not follow the one before."""

_REPORT_EVERY_S = 600.0

_log = logging.getLogger(__name__)


class Capture:
    """Captures a camera in a thread of its own until it is stopped.

    Args:
        name: The camera's, for people.
        connect: Opens a connection to it.
        box: Where the newest frame goes.
        fps: Frames a second that are wanted, at most; all when None.
        clock: Whether a frame's time is when it was captured; else it is what the source says.
        form: Of the NV12 that frames are to carry, too; see `Source`.

    Attributes:
        state: The state last told.
        reconnects: How often it was connected to again.
        answered: Whether it ever sent a frame.
        error: Why it ended for good; None where it just did.
        skipped: Pictures that could not be decoded whole, and were left out.
        decoder: What decodes the pictures, once they are; empty where nothing has to.
    """

    def __init__(
        self,
        name: str,
        connect: Connect,
        box: NewestFrame,
        *,
        fps: float | None = None,
        clock: bool = True,
        form: Form | None = None,
    ) -> None:
        self.state = CameraState.CONNECTING
        self.reconnects = self.skipped = 0
        self.error: EdgeVadError | None = None
        self.rate = Rate()
        self.answered = False
        self.decoder = ""
        self._outage = Outage()
        self._name, self._connect, self._box, self._wanted_fps = name, connect, box, fps
        self._clock, self._form = clock, form
        self._on_frame: Callable[[], None] = lambda: None
        self._on_state: Callable[[CameraState], None] = lambda _: None
        self._stop = threading.Event()
        self._index = self._take = -1
        self._reported_s = -math.inf
        self._thread = threading.Thread(target=self._run, name=f"capture {name}", daemon=True)

    def listen(self, on_frame: Callable[[], None], on_state: Callable[[CameraState], None]) -> None:
        """Say what the thread is to call; before it is started.

        Args:
            on_frame: Called after a frame was put into the box.
            on_state: Called with every new state: `LIVE`, `NO_SIGNAL` or `ENDED`.
        """
        self._on_frame, self._on_state = on_frame, on_state

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; returns at once, even while the camera does not answer."""
        self._stop.set()
        self._box.close()

    def give_up(self, error: EdgeVadError) -> None:
        """End it for good, because of what became of its frames; returns at once."""
        self.error = self.error or error
        self.stop()
        self._enter(CameraState.ENDED)

    def join(self, timeout_s: float) -> bool:
        """Wait for its end; False where the camera still holds it up."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stop.is_set() and self._connect_once():
                self._stop.wait(self._outage.pause_s())
        except EdgeVadError as error:
            self.error = error
            _log.error("%s: %s", self._name, error)
        except Exception:  # noqa: BLE001 - the other cameras go on
            _log.exception("%s: the capture failed", self._name)
        self._enter(CameraState.ENDED)

    def _connect_once(self) -> bool:
        """Connect and read until the camera is lost; False where it is over."""
        feed: Feed | None = None
        try:
            feed = self._connect()
            self._read_on(feed)
        except FeedEnded:
            return False
        except FeedLost as lost:
            if self._stop.is_set():
                return False
            self._lose(lost)
        finally:
            if feed is not None:
                self.skipped += feed.skipped
                feed.close()
        return True

    def _read_on(self, feed: Feed) -> None:
        self.rate.begin(feed.fps, is_certain=feed.is_fps_certain)
        limiter, clock = FrameRateLimiter(self._wanted_fps), CaptureClock()
        self._take += 1
        breaks = feed.breaks
        while not self._stop.is_set():
            stamp_s = feed.grab()
            now = time.monotonic()
            self._index += 1
            if feed.breaks != breaks:
                breaks = feed.breaks
                self._index += GAP
                self._take += 1
                limiter.reset()
            self.rate.count(now)
            self._report_damage(feed, now)
            if self._clock:
                time_s = clock.at(now, stamp_s, 1 / self.rate.fps)
                # Of what waited and came all at once it is not known how fast it moved.
                self._take += clock.is_burst
            else:
                time_s = self._index / self.rate.declared if stamp_s is None else stamp_s
            if limiter.takes(time_s):
                image = feed.retrieve(self._box.spare())
                if image is None:
                    limiter.reset()  # the next one in its place
                else:
                    self.decoder = feed.decoder
                    planes = feed.planes(self._form) if self._form else None
                    self._hand_out(Frame(image, self._index, time_s, self._take, planes))
            self._outage.over()

    def _hand_out(self, frame: Frame) -> None:
        self._enter(CameraState.LIVE)
        self._box.put(frame)
        self._on_frame()

    def _report_damage(self, feed: Feed, now_s: float) -> None:
        """Warn of pictures that are not whole, once in a while."""
        if feed.skipped and now_s - self._reported_s >= _REPORT_EVERY_S:
            self._reported_s = now_s
            count = self.skipped + feed.skipped
            _log.warning("%s: %d pictures could not be decoded whole", self._name, count)

    def _lose(self, lost: FeedLost) -> None:
        self.reconnects += 1
        if self._outage.is_news(lost):
            _log.warning("%s: no signal, trying again and again (%s)", self._name, lost)
        if self.state is not CameraState.NO_SIGNAL:
            self._box.empty()
            self._index += GAP
        self._enter(CameraState.NO_SIGNAL)

    def _enter(self, state: CameraState) -> None:
        if state is CameraState.LIVE and state is not self.state:
            self.answered = True
        if state is not self.state:
            self.state = state
            self._on_state(state)
