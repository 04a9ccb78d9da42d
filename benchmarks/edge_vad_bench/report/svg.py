"""Small plots as SVG: curves, stacked bars and points; colours and sizes are the page's CSS.

Every text goes through the template's escaping; here are numbers and paths alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SIDE = 100
"""Width and height of a plot: places are per cent, so that a page draws it as wide as it is."""

_MOST_POINTS = 200


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """A line of a plot.

    Attributes:
        label: In the legend.
        points: The `points` attribute of a polyline.
    """

    label: str
    points: str


@dataclass(frozen=True)
class Plot:
    """A plot that a template draws.

    Attributes:
        title: What it shows.
        across: Label of the horizontal axis.
        upward: Label of the vertical axis.
        curves: The lines.
        x_ticks: Marks of the horizontal axis, per cent from the left.
        y_ticks: Marks of the vertical axis, per cent from the top.
    """

    title: str
    across: str
    upward: str
    curves: tuple[Curve, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class PlotSeries:
    """Numbers to be drawn as a line."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


def line_plot(
    title: str, across: str, upward: str, series: Sequence[PlotSeries], *, log: bool = False
) -> Plot:
    """Lay out a plot of lines.

    Args:
        title: What it shows.
        across: Label of the horizontal axis.
        upward: Label of the vertical axis.
        series: The lines; at least one, none empty.
        log: Whether the horizontal axis is logarithmic; then all of it is positive.
    """
    x_axis = _Axis(_span(each.x for each in series), 0, SIDE, log)
    low, high = _span(each.y for each in series)
    y_axis = _Axis((min(low, 0.0), high), SIDE, 0)
    curves = tuple(Curve(each.label, _path(each, x_axis, y_axis)) for each in series)
    return Plot(title, across, upward, curves, x_axis.ticks(), y_axis.ticks())


def distribution(label: str, samples: Sequence[float]) -> PlotSeries:
    """Share of the samples that are as fast, against time."""
    times = np.sort(np.asarray(samples, float))
    ranks = np.unique(np.linspace(0, len(times) - 1, min(len(times), _MOST_POINTS)).astype(int))
    shares = (ranks + 1) / len(times) * 100
    return PlotSeries(label, times[ranks].tolist(), shares.tolist())


@dataclass(frozen=True)
class BarSegment:
    """A piece of a stacked bar: where it begins and how wide it is, in per cent of the widest."""

    label: str
    milliseconds: float
    start: float
    width: float


def stacked(parts: dict[str, float], widest: float) -> tuple[BarSegment, ...]:
    """Lay out a stacked bar.

    Args:
        parts: Label to length.
        widest: The length that fills the whole width.
    """
    segments, start = [], 0.0
    for label, length in parts.items():
        width = 100 * length / widest if widest else 0.0
        segments.append(BarSegment(label, length, round(start, 3), round(width, 3)))
        start += width
    return tuple(segments)


class _Axis:
    """Places numbers between two edges, per cent."""

    def __init__(
        self, span: tuple[float, float], start: float, end: float, log: bool = False
    ) -> None:
        low, high = span
        self._log = log and low > 0
        if high - low <= 1e-9 * max(abs(low), 1.0):  # nothing to spread out
            high = low + (abs(low) or 1.0)
        self._low, self._high = self._scaled(low), self._scaled(high)
        self._start, self._end = start, end

    def place(self, value: float) -> float:
        share = (self._scaled(value) - self._low) / (self._high - self._low)
        return round(self._start + share * (self._end - self._start), 2)

    def ticks(self) -> tuple[Tick, ...]:
        is_wide = self._log and self._high - self._low > 1  # more than one power of ten
        values = self._decades() if is_wide else self._even()
        return tuple(Tick(self.place(value), f"{value:.6g}") for value in values)

    def _decades(self) -> list[float]:
        """One, two and five times the powers of ten."""
        powers = range(math.floor(self._low), math.ceil(self._high) + 1)
        values = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
        return [each for each in values if self._low <= math.log10(each) <= self._high]

    def _even(self) -> list[float]:
        low, high = (10**each if self._log else each for each in (self._low, self._high))
        rough = (high - low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough)
        first = math.ceil(low / step - 1e-9)
        return [
            round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)
        ]

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self._log else value


def _span(rows: object) -> tuple[float, float]:
    values = [value for row in rows for value in row]  # type: ignore[attr-defined]
    return min(values), max(values)


def _path(series: PlotSeries, across: _Axis, upward: _Axis) -> str:
    pairs = zip(series.x, series.y, strict=True)
    return " ".join(f"{across.place(x)},{upward.place(y)}" for x, y in pairs)
