"""The score over time as a picture: threshold, alarms, axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_vad.detection import Event
from edge_vad.opencv import cv2
from edge_vad.outputs.axes import Scale, clock_step, round_step
from edge_vad.outputs.drawing import Colour, Image, clock, text_width, write_text

WIDTH, HEIGHT = 1200, 360

_FINE = 2
"""Drawn this much larger and shrunk: smoother than OpenCV's own antialiasing."""

_FURTHEST = 1e6
"""No score that means something lies beyond."""

_TOP, _RIGHT, _BOTTOM, _LEFT = 144, 48, 104, 124
"""Margins around the plot, finer px."""

_PAPER: Colour = (255, 255, 255)
_INK: Colour = (52, 42, 36)
_FAINT: Colour = (132, 122, 116)
_GRID: Colour = (236, 232, 230)
_LINE: Colour = (168, 98, 38)
_THRESHOLD: Colour = (56, 56, 215)
_ALARM: Colour = (222, 222, 255)


@dataclass(frozen=True)
class Timeline:
    """What is drawn.

    Attributes:
        title: The heading.
        subtitle: The line below it.
        times_s: (frames,), s, rising; at least one.
        scores: (frames,), the frames' scores; NaN where a frame was not judged, which leaves a gap.
        threshold: Score from which on a frame is anomalous.
        events: The alarms.
    """

    title: str
    subtitle: str
    times_s: NDArray[np.float64]
    scores: NDArray[np.float64]
    threshold: float
    events: Sequence[Event]


def draw_timeline(timeline: Timeline) -> Image:
    """Draw the score over time.

    Returns:
        uint8, (`HEIGHT`, `WIDTH`, 3), blue-green-red.
    """
    image = np.full((HEIGHT * _FINE, WIDTH * _FINE, 3), _PAPER, np.uint8)
    across = _time_scale(timeline.times_s)
    judged = timeline.scores[np.isfinite(timeline.scores)]
    upward = _score_scale(judged, timeline.threshold)
    _draw_alarms(image, timeline.events, across, upward)
    _draw_grid(image, across, upward)
    _draw_threshold(image, timeline.threshold, across, upward)
    _draw_scores(image, timeline, across, upward)
    _name_threshold(image, timeline.threshold, across, upward)
    _draw_headings(image, timeline)
    return cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8)


def write_timeline(path: Path, timeline: Timeline) -> None:
    """Draw the score over time into a PNG file.

    Raises:
        OSError: The file cannot be written.
    """
    path.write_bytes(cv2.imencode(".png", draw_timeline(timeline))[1].tobytes())


def _time_scale(times_s: NDArray[np.float64]) -> Scale:
    first, last = float(times_s[0]), float(times_s[-1])
    return Scale(first, max(last, first + 0.1), _LEFT, WIDTH * _FINE - _RIGHT)


def _score_scale(scores: NDArray[np.float64], threshold: float) -> Scale:
    """Holds the threshold in sight: a peak far above it leaves the plot at the top."""
    if threshold <= 0:  # all there is, and the threshold, with some room above and below
        seen = np.clip([*scores, threshold], -_FURTHEST, _FURTHEST)
        low, high = float(seen.min()), float(seen.max())
        room = max(0.1 * (high - low), 1e-3)
        return Scale(low - room, high + 3 * room, HEIGHT * _FINE - _BOTTOM, _TOP)
    reach = max(threshold, 1e-3)
    low = max(float(scores.min(initial=0.0)), -reach)
    high = min(max(float(scores.max(initial=0.0)) * 1.1, 1.35 * reach), 4 * reach)
    return Scale(low, high, HEIGHT * _FINE - _BOTTOM, _TOP)


def _draw_alarms(image: Image, events: Sequence[Event], across: Scale, upward: Scale) -> None:
    top, bottom = round(upward.end), round(upward.start)
    free_from = 0.0
    for event in events:
        left, right = across.place(event.start_s), across.place(event.end_s)
        cv2.rectangle(image, (left - 2, top), (right + 2, bottom), _ALARM, cv2.FILLED)
        number, middle = str(event.number), (left + right) / 2
        half = text_width(number, 18) / 2
        if middle - half >= free_from:
            write_text(image, number, (middle, top - 18), 18, _THRESHOLD, "centre")
            free_from = middle + half + 12


def _draw_grid(image: Image, across: Scale, upward: Scale) -> None:
    left, right = round(across.start), round(across.end)
    bottom = round(upward.start)
    score_step = round_step(upward.high - upward.low, most=5)
    decimals = max(0, -int(np.floor(np.log10(score_step))))
    for score in upward.ticks(score_step):
        y = upward.place(score)
        cv2.line(image, (left, y), (right, y), _GRID, 2)
        write_text(image, f"{score:.{decimals}f}", (left - 18, y), 19, _FAINT, "right")
    time_step = clock_step(across.high - across.low, most=12)
    for time_s in across.ticks(time_step):
        x = across.place(time_s)
        cv2.line(image, (x, bottom), (x, bottom + 10), _FAINT, 2)
        label = clock(time_s, decimals=int(time_step < 1))
        write_text(image, label, (x, bottom + 32), 19, _FAINT, "centre")
    cv2.line(image, (left, bottom), (right, bottom), _FAINT, 2)
    middle = ((left + right) / 2, bottom + 74)
    write_text(image, "time", middle, 19, _INK, "centre")


def _draw_threshold(image: Image, threshold: float, across: Scale, upward: Scale) -> None:
    y = upward.place(threshold)
    for x in range(round(across.start), round(across.end), 28):
        cv2.line(image, (x, y), (min(x + 16, round(across.end)), y), _THRESHOLD, 3)


def _name_threshold(image: Image, threshold: float, across: Scale, upward: Scale) -> None:
    """Name the threshold, on paper of its own so that no line runs through the words."""
    label = f"threshold {threshold:.3g}"
    right, y = round(across.end) - 6, upward.place(threshold) - 26
    left = right - text_width(label, 19)
    cv2.rectangle(image, (left - 8, y - 16), (right + 6, y + 16), _PAPER, cv2.FILLED)
    write_text(image, label, (right, y), 19, _THRESHOLD, "right")


def _draw_scores(image: Image, timeline: Timeline, across: Scale, upward: Scale) -> None:
    """Draw the line, with gaps; where frames share a column, from lowest to highest."""
    judged = np.isfinite(timeline.scores)
    ends = np.flatnonzero(np.diff(judged)) + 1
    columns = across.places(timeline.times_s)
    for stretch in np.split(np.arange(len(judged)), ends):
        if len(stretch) and judged[stretch[0]]:
            _draw_line(image, columns[stretch], upward.places(timeline.scores[stretch]))


def _draw_line(image: Image, columns: NDArray[np.int32], rows: NDArray[np.int32]) -> None:
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    extremes = np.minimum.reduceat(rows, starts), np.maximum.reduceat(rows, starts)
    points = np.stack([np.repeat(columns[starts], 2), np.stack(extremes, 1).ravel()], 1)
    cv2.polylines(image, [points], False, _LINE, 3, cv2.LINE_AA)


def _draw_headings(image: Image, timeline: Timeline) -> None:
    write_text(image, timeline.title, (_LEFT, 34), 26, _INK)
    write_text(image, timeline.subtitle, (_LEFT, 76), 19, _FAINT)
    write_text(image, "score", (_LEFT - 18, _TOP - 18), 19, _INK, "right")
