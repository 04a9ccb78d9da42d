"""What a board can do, in one sentence and three numbers: the first thing that a reader sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge_vad_bench.schema import BenchmarkReport, BenchmarkRow, WatchedCameras
from edge_vad_bench.workloads.scenarios import MULTI, SINGLE

RATES = (25, 8)
"""Frames a second of each camera, for which it is said how many cameras a board keeps up with."""

COLUMNS = (
    "cameras at {} and at {} frames a second".format(*RATES),
    "from capture to decision, p50",
    "watts",
)
"""What the three numbers are."""

SEARCHED = "recordings sub-stream"
"""The kind of cameras of which it is said."""

NOT_MEASURED = "not measured"
_MOST_CAMERAS, _ROUNDING = 1e6, 1e-9
_BUSY_CORES = 0.1
"""Cores that others used, from which on it is said; `edge-vad compare` has the same bound."""


@dataclass(frozen=True)
class Capacity:
    """How many cameras a board keeps up with.

    Attributes:
        rate: Frames a second of each camera.
        cameras: How many have their share of a query's time within the time from frame to frame.
        measured: Cameras of a query. What is beyond them is a projection.
    """

    rate: int
    cameras: int
    measured: int

    @property
    def is_projected(self) -> bool:
        """Whether it is more than what was measured."""
        return self.cameras > self.measured

    @property
    def shown(self) -> str:
        """What was measured, and no more: `5`, or `8+` where more may be possible."""
        return f"{self.measured}+" if self.is_projected else str(self.cameras)

    @property
    def in_words(self) -> str:
        """The same in a sentence."""
        if self.is_projected:
            return f"{self.measured} cameras or more"
        return {0: "no camera", 1: "1 camera"}.get(self.cameras, f"{self.cameras} cameras")


@dataclass(frozen=True)
class KeyFigure:
    """One of the three numbers.

    Attributes:
        value: The number, or that it was not measured.
        label: What it is.
        remark: What belongs to it; may be empty.
    """

    value: str
    label: str
    remark: str = ""


@dataclass(frozen=True)
class Headline:
    """What a board can do.

    Attributes:
        device: Its name.
        sentence: All of it.
        figures: Cameras, milliseconds, watts.
        basis: How they come from what was measured.
        doubts: What makes them doubtful.
    """

    device: str
    sentence: str
    figures: tuple[KeyFigure, ...]
    basis: tuple[str, ...]
    doubts: tuple[str, ...]


def headline(report: BenchmarkReport) -> Headline:
    """Say what a board can do, by its fastest backend and precision."""
    several = _fastest(report.rows, MULTI)
    alone = _fastest(_of_same_subject(report.rows, several), SINGLE)
    device = device_name(report, several or alone)
    found = searched(report.watched)
    reached = found or (capacities(several) if several else ())
    drawn = watts(several or alone)
    clauses = _watches(reached), _decides(alone), _draws(drawn)
    figures = _cameras(reached), _latency(alone), _power(drawn, several or alone)
    return Headline(
        device=device,
        sentence=f"{device} {clauses[0]}, {clauses[1]}, and {clauses[2]}.",
        figures=figures,
        basis=tuple(_basis(several, alone, reached, is_searched=bool(found))),
        doubts=tuple(_doubts(several, alone)),
    )


def device_name(report: BenchmarkReport, row: BenchmarkRow | None) -> str:
    """Name of the board, or of the GPU or the CPU that a row was measured on."""
    fingerprint, processor = report.device.fingerprint, report.device.processor
    on_gpu = row is not None and row.device not in ("", "cpu")
    gpu = fingerprint.gpu if on_gpu else None
    cpu = f"{processor.model or 'a processor'} ({processor.cores} cores)"
    return fingerprint.jetson or gpu or cpu


def capacities(row: BenchmarkRow) -> tuple[Capacity, ...]:
    """How many cameras a board keeps up with at each of `RATES`.

    A query decides on one frame of each of several cameras. n cameras have n shares of its p99.
    """
    count, share_ms = row.frames_a_query, row.latency.p99 / row.frames_a_query
    reached = (min(1000 / rate / share_ms + _ROUNDING, _MOST_CAMERAS) for rate in RATES)
    return tuple(
        Capacity(rate, int(cameras), count) for rate, cameras in zip(RATES, reached, strict=True)
    )


def searched(watched: Sequence[WatchedCameras]) -> tuple[Capacity, ...]:
    """How many cameras were found to hold at each of `RATES`; none where not all were tried."""
    held = {each.fps: each for each in watched if each.kind == SEARCHED}
    if not all(rate in held for rate in RATES):
        return ()
    return tuple(
        Capacity(rate, held[rate].cameras, max(held[rate].tried, default=0)) for rate in RATES
    )


def watts(row: BenchmarkRow | None) -> float | None:
    """Power while queries follow one another; None where it was not measured."""
    if row is None or row.joules_a_frame is None:
        return None
    return row.joules_a_frame * row.fps


def _fastest(rows: Sequence[BenchmarkRow], scenario: str) -> BenchmarkRow | None:
    chosen = [row for row in rows if row.scenario == scenario and row.latency.p99 > 0]
    return min(chosen, key=lambda row: row.latency.p99 / row.frames_a_query, default=None)


def _of_same_subject(
    rows: Sequence[BenchmarkRow], other: BenchmarkRow | None
) -> Sequence[BenchmarkRow]:
    """All three numbers are of one backend and precision, where all were measured with it."""
    same = [row for row in rows if other and row.subject == other.subject]
    return same if _fastest(same, SINGLE) else rows


def _watches(reached: Sequence[Capacity]) -> str:
    if not reached:
        return "was not measured with several cameras"
    each_rate = (f"with {each.in_words} at {each.rate} frames a second" for each in reached)
    return f"keeps up {', or '.join(each_rate)}"


def _decides(row: BenchmarkRow | None) -> str:
    if row is None:
        return "was not timed from capture to decision"
    p50, p99 = _number(row.latency.p50), _number(row.latency.p99)
    return f"decides {p50} ms after it captures a frame (99 of 100: {p99} ms)"


def _draws(drawn: float | None) -> str:
    return "its power was not measured" if drawn is None else f"draws {_number(drawn)} W meanwhile"


def _cameras(reached: Sequence[Capacity]) -> KeyFigure:
    if not reached:
        return KeyFigure(NOT_MEASURED, COLUMNS[0])
    projected = [each for each in reached if each.is_projected]
    remark = ", ".join(f"{each.cameras} at {each.rate}" for each in projected)
    return KeyFigure(
        value=" and ".join(each.shown for each in reached),
        label=COLUMNS[0],
        remark=f"projected, not measured: {remark}" if projected else "",
    )


def _latency(row: BenchmarkRow | None) -> KeyFigure:
    if row is None:
        return KeyFigure(NOT_MEASURED, COLUMNS[1])
    p50, p99 = (f"{_number(each)} ms" for each in (row.latency.p50, row.latency.p99))
    return KeyFigure(p50, COLUMNS[1], f"p99: {p99}")


def _power(drawn: float | None, row: BenchmarkRow | None) -> KeyFigure:
    if drawn is None or row is None:
        return KeyFigure(NOT_MEASURED, COLUMNS[2])
    return KeyFigure(f"{_number(drawn)} W", COLUMNS[2], row.energy_from or "")


def _basis(
    several: BenchmarkRow | None,
    alone: BenchmarkRow | None,
    reached: Sequence[Capacity],
    *,
    is_searched: bool,
) -> Iterator[str]:
    if is_searched:
        yield f"Cameras: found by watching more and more of them ({SEARCHED})."
    elif several:
        yield _basis_of_cameras(several, reached)
    if alone:
        yield (
            f"Capture to decision: {alone.name}. From asking the source for a frame, which decodes "
            "it, to the decision; what camera and network take before is not in it."
        )
    if several and several.joules_a_frame is not None:
        yield f"Watts: measured by {several.energy_from} in {several.name}, idle share included."


def _basis_of_cameras(row: BenchmarkRow, reached: Sequence[Capacity]) -> str:
    count, time = row.frames_a_query, _number(row.latency.p99)
    text = (
        f"Cameras: {row.name}. One frame of each of {count} cameras takes {time} ms (p99). Counted "
        "are the cameras whose share of that time fits between one frame and the next."
    )
    beyond = any(each.is_projected for each in reached)
    return f"{text} No more than {count} were measured at once." if beyond else text


def _doubts(*rows: BenchmarkRow | None) -> Iterator[str]:
    for row in filter(None, rows):
        marks = caveats(row)
        cores = row.contention_cores or 0.0
        if cores >= _BUSY_CORES:
            marks = ", ".join(filter(None, (marks, f"other processes used {cores:.1f} cores")))
        if marks:
            yield f"{row.name}: {marks}."


def caveats(row: BenchmarkRow) -> str:
    """What makes a row doubtful, in words; empty where nothing does."""
    marks = []
    if not row.stable:
        marks.append("unstable")
    if row.throttled:
        marks.append("throttled")
    return ", ".join(marks)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
