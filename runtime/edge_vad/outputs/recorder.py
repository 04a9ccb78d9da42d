"""Writes everything that a run leaves behind."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from edge_vad.alarms.alarm import ALARM_FRAMES
from edge_vad.alarms.moments import TopMoments, seconds_apart
from edge_vad.alarms.persistence import persistent_scores
from edge_vad.alarms.tracker import EventTracker
from edge_vad.detection import NO_MOTION, Detection, Event
from edge_vad.false_alarms import NormalTail
from edge_vad.files.closing import Closing
from edge_vad.motion.pace import watched_s
from edge_vad.outputs.jsonl import EventLine, JsonLinesWriter, score_line, scored_event_line
from edge_vad.outputs.moments import MomentLine, write_moments
from edge_vad.outputs.overlay import Overlay
from edge_vad.outputs.timeline import Timeline, write_timeline
from edge_vad.outputs.video import AnnotatedVideoFile
from edge_vad.preprocessing.regions import Polygon
from edge_vad.scene_model import SceneCard

VIDEO, SCORES, EVENTS, TIMELINE = "annotated.mp4", "scores.jsonl", "events.jsonl", "timeline.png"


class Recorder(Closing):
    """Writes the annotated video, scores, events, timeline and strangest moments of one source.

    A context manager: however it is left, the files are finished and closed.

    Args:
        folder: Where to write.
        card: The scene model's metadata.
        title: Heading of the timeline.
        fps: Frames a second of the video: those that are scored.
        has_video: Whether to write the annotated video.
        length: How many frames there are about, where that is known.
        ignore: Regions in which nothing counts, besides those of the scene, px of the frames.

    Attributes:
        events: The events that have ended, as they are written; all of them once the recorder is
            closed.
        moments: The strangest moments, once the recorder is closed.
        unjudged: How many frames were not judged, by the reason.
        peak_score: The highest score so far; minus infinity before the first frame.

    Raises:
        OSError: A file cannot be written.
        EdgeVadError: The video cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        card: SceneCard,
        *,
        title: str,
        fps: float,
        has_video: bool = True,
        length: int | None = None,
        ignore: Sequence[Polygon] = (),
    ) -> None:
        self.events: list[EventLine] = []
        self.moments: tuple[MomentLine, ...] = ()
        self.unjudged: Counter[str] = Counter()
        self.peak_score = -float("inf")
        self._folder, self._card, self._title, self._fps = folder, card, title, fps
        self._has_video = has_video
        self._overlay: Overlay | None = None
        self._video: AnnotatedVideoFile | None = None
        self._tracker = EventTracker(normal=card.normal)
        self._top_moments = TopMoments(
            card, seconds_apart(length / fps if length else None), ignore=ignore
        )
        self._times_s, self._watched_s, self._scores = array("d"), array("d"), array("d")
        self._threshold = 0.0
        self._closing = ExitStack()
        self._score_lines = self._open_lines(SCORES)
        self._event_lines = self._open_lines(EVENTS)

    @property
    def frames(self) -> int:
        """Frames written so far."""
        return len(self._scores)

    @property
    def watched_s(self) -> float:
        """How long the scene was seen, s: by the times of its frames, holes left out."""
        return watched_s(self._watched_s, self._card.fps)

    def set_normal_tail(self, normal: NormalTail) -> None:
        """Say from now on how rare events are by this normal tail, as it has drifted."""
        self._tracker.normal = normal

    def add(self, detection: Detection) -> None:
        """Write the next detection."""
        if detection.unjudged:
            self.unjudged[detection.unjudged] += 1
        if detection.unjudged in ("", NO_MOTION):
            self._watched_s.append(detection.frame.time_s)
        self._times_s.append(detection.frame.time_s)
        self._scores.append(detection.score if detection.judged else math.nan)
        self._threshold = detection.threshold
        if detection.judged:
            self.peak_score = max(self.peak_score, detection.score)
        self._score_lines.write(score_line(detection))
        self._add_event(self._tracker.update(detection))
        self._top_moments.update(detection)
        if self._has_video:
            self._add_picture(detection)

    def close(self) -> None:
        """End the ongoing event, write moments and timeline, and close the files."""
        with self._closing:
            self._add_event(self._tracker.finish())
            if self.frames:
                normal = self._tracker.normal or self._card.normal
                self.moments = write_moments(self._folder, self._top_moments.finish(), normal)
                write_timeline(self._folder / TIMELINE, self._timeline())

    def _open_lines(self, name: str) -> JsonLinesWriter:
        lines = JsonLinesWriter(self._folder / name)
        self._closing.callback(lines.close)
        return lines

    def _add_event(self, event: Event | None) -> None:
        if event is not None:
            line = scored_event_line(event, self._persistent_score(event))
            self.events.append(line)
            self._event_lines.write(line)

    def _persistent_score(self, event: Event) -> float | None:
        """The highest that enough of the event's frames in a row reached."""
        first, last = bisect_left(self._times_s, event.start_s), len(self._scores)
        last = bisect_right(self._times_s, event.end_s, first, last)
        scores = np.nan_to_num(np.array(self._scores[first:last], np.float32), nan=-np.inf)
        highest = float(persistent_scores(scores)[ALARM_FRAMES - 1 :].max(initial=-np.inf))
        return highest if math.isfinite(highest) else None

    def _add_picture(self, detection: Detection) -> None:
        """The first frame tells how large the video is."""
        if self._overlay is None or self._video is None:
            rows, columns = detection.frame.image.shape[:2]
            overlay = self._overlay = Overlay(self._card, columns, rows)
            path = self._folder / VIDEO
            self._video = AnnotatedVideoFile(path, self._fps, overlay.width, overlay.height)
            self._closing.callback(self._video.close)
        self._video.write(self._overlay.draw(detection), detection.frame.time_s)

    def _timeline(self) -> Timeline:
        alarms = "1 alarm" if len(self.events) == 1 else f"{len(self.events)} alarms"
        is_any = math.isfinite(self.peak_score)
        highest = f"highest score {self.peak_score:.3g}" if is_any else "none judged"
        return Timeline(
            title=self._title,
            subtitle=f"{self.frames} frames, {alarms}, {highest}",
            # Ctrl-C may fall between the two: then the last time has no score.
            times_s=np.array(self._times_s[: self.frames]),
            scores=np.array(self._scores),
            threshold=self._threshold,
            events=self.events,
        )
