"""The thread that records one camera, and connects to it again and again."""

from __future__ import annotations

import errno
import logging
import threading
from collections import Counter

from edge_vad.errors import BadInput, EdgeVadError
from edge_vad.record.connecting import sample_connector
from edge_vad.record.footage_file import FootageFile
from edge_vad.record.footage_folder import FootageFolder
from edge_vad.record.limits import Ending, Room, Span
from edge_vad.record.planning import RecordPlan
from edge_vad.record.samples import Sample, SampleFeed
from edge_vad.record.view import MinuteView, ViewCheck
from edge_vad.sources.capture.backoff import Outage
from edge_vad.sources.feeds.feed import FeedEnded, FeedLost

FILE_S = 600.0
"""How long a file is: it ends at the next key frame."""
_SILENT_S = 3.0
"""Without a picture for so long, a camera is without signal."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_log = logging.getLogger(__name__)


class CameraRecorder:
    """Records a camera in a thread of its own until it is stopped, or has all that is wanted.

    Args:
        plan: The camera.
        folder: Its own; closed by whoever made it.
        room: That all cameras share.
        span: How long it is recorded.

    Attributes:
        name: The camera's.
        reconnects: How often it was connected to again.
        views: Minutes by what was seen in them.
        slow_minutes: Minutes in which this device did not keep up.
        ending: Why it ended; None while it goes on.
        error: Why it failed; None where it did not.

    Raises:
        EdgeVadError: It can never be recorded; see `sample_connector`.
    """

    def __init__(self, plan: RecordPlan, folder: FootageFolder, room: Room, span: Span) -> None:
        self.name = plan.name
        self.folder, self._room, self._span = folder, room, span
        self.reconnects = 0
        self.views: Counter[MinuteView] = Counter()
        self.slow_minutes = 0
        self.ending: Ending | None = None
        self.error: EdgeVadError | None = None
        self._connect = sample_connector(plan.source, plan.timeout_s)
        self._file: FootageFile | None = None
        self._feed: SampleFeed | None = None
        self._written = 0
        self._view, self._outage = ViewCheck(), Outage()
        self._lost_s, self._has_begun = 0.0, False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"record {self.name}", daemon=True)

    @property
    def seconds(self) -> float:
        """Of footage, that of earlier recordings included."""
        file = self._file
        return self.folder.seconds + (file.seconds if file else 0.0)

    @property
    def size(self) -> int:
        """Bytes of it."""
        return self.folder.size + self._written

    @property
    def is_whole(self) -> bool:
        """Whether everything is there that was wanted."""
        return self._span.is_whole(self.seconds)

    @property
    def is_running(self) -> bool:
        """Whether its thread goes on."""
        return self._thread.is_alive()

    @property
    def has_to_say(self) -> bool:
        """Whether anything happened since `minute` was asked last."""
        return self.ending is None or self._view.has_looked

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; returns at once, even while the camera does not answer."""
        self._stop.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for its end; False where the camera still holds it up."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def minute(self) -> str:
        """What was seen since this was asked last, in words; it is counted."""
        away_s = self._outage.seconds
        lost_s, self._lost_s = self._lost_s, 0.0
        if self.ending is None and away_s >= _SILENT_S:
            lost_s += away_s
        view = self._view.minute(lost_s)
        self.views[view] += 1
        lost = (
            f", no signal for {lost_s:.0f} s" if lost_s and view is not MinuteView.NO_SIGNAL else ""
        )
        slow = self._too_slow()
        self.slow_minutes += bool(slow)
        return f"{view}{lost}" + (f", {slow}" if slow else "")

    def _too_slow(self) -> str:
        feed = self._feed
        return feed.throughput.too_slow() if feed and feed.throughput else ""

    def _run(self) -> None:
        try:
            while not self._is_over() and self._connect_once():
                self._stop.wait(min(self._outage.pause_s(), max(0.0, self._span.left_s)))
        except EdgeVadError as error:
            self._fail(error)
        except OSError as error:
            self._fail_to_write(error)
        except Exception:  # noqa: BLE001 - the other cameras go on
            _log.exception("%s: the recording failed", self.name)
            self.ending = Ending.FAILED

    def _fail(self, error: EdgeVadError) -> None:
        self.error, self.ending = error, Ending.FAILED
        _log.error("%s: %s", self.name, error)

    def _fail_to_write(self, error: OSError) -> None:
        if error.errno in _FULL:
            self.ending = Ending.DISK
            return
        what = f"cannot write into the folder {self.folder.path} ({error.strerror})"
        self._fail(BadInput(what, "see whether the disk is still there"))

    def _is_over(self) -> bool:
        """Whether to end, by what was asked for and by what there is room for."""
        if self.ending is None:
            self.ending = self._span.over(self.seconds) or self._room.take(0)
        if self.ending is None and self._stop.is_set():
            self.ending = Ending.STOPPED
        return self.ending is not None

    def _connect_once(self) -> bool:
        """Connect and record until the camera is lost; False where it is over."""
        feed: SampleFeed | None = None
        try:
            feed = self._feed = self._connect()
            self._view.interrupt()
            self._record(feed)
        except FeedEnded:
            self.ending = Ending.OVER
        except FeedLost as lost:
            self.reconnects += 1
            if self._outage.is_news(lost) and not self._stop.is_set():
                _log.warning("%s: no signal, trying again and again (%s)", self.name, lost)
        finally:
            if feed is not None:
                feed.close()
        return self.ending is None

    def _record(self, feed: SampleFeed) -> None:
        try:
            while not self._is_over():
                sample = feed.next()
                self._count_outage()
                self._cut(feed, sample)
                if self._file:
                    self._write(self._file, feed, sample)
        finally:
            self._end_file()

    def _count_outage(self) -> None:
        """A sample came; what was without signal before it is told by the next minute."""
        if not self._has_begun:
            self._has_begun = True
            self._span.begin()
        elif self._outage.seconds >= _SILENT_S:
            self._lost_s += self._outage.seconds
        self._outage.over()

    def _cut(self, feed: SampleFeed, sample: Sample) -> None:
        """End the file, and begin the next one, where a sample asks for it."""
        is_long = self._file is not None and self._file.seconds >= FILE_S
        if not sample.follows or (is_long and sample.is_key):
            self._end_file()
        if not sample.follows:
            self._view.interrupt()
        if self._file is None and sample.is_key:
            self._file = self.folder.begin(feed, sample)

    def _write(self, file: FootageFile, feed: SampleFeed, sample: Sample) -> None:
        now_s = self.seconds
        if sample.is_key and self._view.is_due(now_s):
            image = feed.image(sample)
            if image is not None:
                self._view.look(image, now_s)
        file.write(sample)
        size = file.size
        self.ending = self._room.take(size - self._written)
        self._written = size

    def _end_file(self) -> None:
        """End the file that is being written, if there is one."""
        file, self._file = self._file, None
        if file is None:
            return
        written, self._written = self._written, 0
        self._room.take(self.folder.add(file) - written)
