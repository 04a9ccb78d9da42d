"""Scores and events as JSON lines."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec

from edge_vad.detection import Detection, Event

DIGITS = 6
"""Decimals of written scores and times; more would only show float32's rounding."""

_BUFFER_BYTES = 2**16


class ScoreLine(msgspec.Struct, frozen=True):
    """One line of `scores.jsonl`.

    Attributes:
        index: The frame's position in its source.
        time_s: Seconds on the source's clock.
        score: Anomaly score of the frame; None where it was not judged.
        anomalous: Whether it passes the threshold.
    """

    index: int
    time_s: float
    score: float | None
    anomalous: bool


@dataclass(frozen=True, slots=True)
class EventLine(Event):
    """One line of `events.jsonl`: an alarm, with both of its scores.

    Attributes:
        peak_score: The highest score of a frame.
        persistent_score: The highest score that three frames in a row reached, which is what
            thresholds, `normal_per_hour` and the strangest moments go by; None where it is not
            known.
    """

    persistent_score: float | None = None


class JsonLinesWriter:
    """A file with one JSON document a line.

    Args:
        path: The file; replaced when it is there.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=_BUFFER_BYTES)
        self._encoder = msgspec.json.Encoder()

    def write(self, record: msgspec.Struct | Event) -> None:
        """Add a line; an event's box becomes `[x, y, width, height]`.

        Raises:
            OSError: The disk is full.
        """
        self._file.write(self._encoder.encode(record) + b"\n")

    def close(self) -> None:
        """Write what is still in memory; harmless when called twice.

        Raises:
            OSError: The disk is full.
        """
        self._file.close()


def score_line(detection: Detection) -> ScoreLine:
    """A frame as a line of `scores.jsonl`."""
    frame = detection.frame
    return ScoreLine(
        index=frame.index,
        time_s=round(frame.time_s, DIGITS),
        score=round(detection.score, DIGITS) if detection.judged else None,
        anomalous=detection.anomalous,
    )


def event_line(event: Event) -> Event:
    """An event as a line of `events.jsonl`."""
    return replace(
        event,
        start_s=round(event.start_s, DIGITS),
        end_s=round(event.end_s, DIGITS),
        peak_score=round(event.peak_score, DIGITS),
    )


def scored_event_line(event: Event, persistent_score: float | None) -> EventLine:
    """The same, with the highest persistent score of the event."""
    score = None if persistent_score is None else round(persistent_score, DIGITS)
    return EventLine(**asdict(event_line(event)), persistent_score=score)
