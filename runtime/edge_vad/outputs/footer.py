"""The strip below the picture: time, frame, and the score against the threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_vad.detection import Detection
from edge_vad.opencv import cv2
from edge_vad.outputs.drawing import RED, Colour, Image, clock, write_text

_FINE = 2
"""Drawn this much larger and shrunk: smoother than OpenCV's own antialiasing."""

_PAPER: Colour = (24, 20, 18)
_TRACK: Colour = (66, 58, 54)
_FAINT: Colour = (158, 148, 142)
_BRIGHT: Colour = (240, 238, 236)
_LOW: Colour = (150, 176, 98)
_RAISED: Colour = (60, 170, 240)

_THRESHOLD_AT = 0.6
"""Where the threshold stands on the bar, as a share of its length."""


@dataclass(frozen=True)
class Footer:
    """Draws the strip of one video.

    Attributes:
        width: Columns of the strip.
        height: Rows of the strip.
    """

    width: int
    height: int

    @property
    def _unit(self) -> float:
        """A sixteenth of the strip's height, in the finer px it is drawn in."""
        return self.height * _FINE / 16

    def canvas(self) -> Image:
        """A buffer to draw in, for all calls of `draw`."""
        return np.zeros((self.height * _FINE, self.width * _FINE, 3), np.uint8)

    def draw(self, detection: Detection, canvas: Image, strip: Image) -> None:
        """Draw the figures of one detection.

        Args:
            detection: The detection.
            canvas: The buffer.
            strip: (height, width, 3), written into.
        """
        canvas[:] = _PAPER
        self._draw_time(detection, canvas)
        self._draw_state(detection, canvas)
        self._draw_bar(detection, canvas)
        cv2.resize(canvas, (self.width, self.height), dst=strip, interpolation=cv2.INTER_AREA)

    def _draw_time(self, detection: Detection, canvas: Image) -> None:
        u = self._unit
        frame = detection.frame
        write_text(canvas, clock(frame.time_s, 1), (6 * u, 5.3 * u), 4.6 * u, _BRIGHT)
        write_text(canvas, f"frame {frame.index}", (6 * u, 11.4 * u), 3.2 * u, _FAINT)

    def _draw_state(self, detection: Detection, canvas: Image) -> None:
        u = self._unit
        right = canvas.shape[1] - 6 * u
        word, colour = ("ANOMALY", RED) if detection.anomalous else ("normal", _FAINT)
        numbers = f"{detection.score:.1f} / {detection.threshold:.1f}"
        if not detection.judged:
            word, numbers = "not judged", detection.unjudged
        write_text(canvas, word, (right, 5.3 * u), 4.6 * u, colour, "right")
        write_text(canvas, numbers, (right, 11.4 * u), 3.2 * u, _FAINT, "right")

    def _draw_bar(self, detection: Detection, canvas: Image) -> None:
        u = self._unit
        left, right, y = 44 * u, canvas.shape[1] - 50 * u, 8 * u
        share = detection.score / max(detection.threshold, 1e-6)
        colour = RED if detection.anomalous else _RAISED if share > 0.6 else _LOW
        filled = left + (right - left) * min(max(share * _THRESHOLD_AT, 0), 1)
        _draw_stroke(canvas, left, right, y, 2.6 * u, _TRACK)
        _draw_stroke(canvas, left, filled, y, 2.6 * u, colour)
        mark = round(left + (right - left) * _THRESHOLD_AT)
        top, bottom = (mark, round(4.6 * u)), (mark, round(11.4 * u))
        cv2.line(canvas, top, bottom, _PAPER, round(1.8 * u))
        cv2.line(canvas, top, bottom, _BRIGHT, max(2, round(0.7 * u)))


def _draw_stroke(
    canvas: Image, left: float, right: float, y: float, width: float, colour: Colour
) -> None:
    """Draw a level stroke with round ends."""
    start, end = (round(left), round(y)), (round(right), round(y))
    cv2.line(canvas, start, end, colour, max(2, round(width)), cv2.LINE_AA)
