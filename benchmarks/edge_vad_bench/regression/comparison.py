"""Compares two benchmarks of the same, row by row."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec

from edge_vad.errors import WrongUse
from edge_vad_bench import stats
from edge_vad_bench.regression.block_bootstrap import Blocks, bootstrap
from edge_vad_bench.schema import BenchmarkReport, BenchmarkRow

CLOCK, CPU = "clock", "cpu"
"""What is judged: wall-clock time and CPU time."""

_ON_THE_CPU = {"cpu", ""}
"""Devices whose work is CPU time; a cold start names none."""

_ALONE = 0.1
"""Cores that other processes may use on a machine that counts as idle."""


Share = Annotated[float, msgspec.Meta(ge=0)]


class Ratio(msgspec.Struct, frozen=True):
    """How much longer something takes than before.

    Attributes:
        row: Name of the row.
        part: Time by the `clock` or of the `cpu` of the whole, or a stage by the clock.
        before_ms: Median before.
        after_ms: Median now.
        ratio: Mean now over mean before, 1 is equal; relative to the
            reference workload, unless raw times were wanted.
        low: Lower end of its 95% interval.
        high: Upper end.
        judged: Whether it can be a regression.
        regressed: Whether it is one.
    """

    row: str
    part: str
    before_ms: float
    after_ms: float
    ratio: float
    low: float
    high: float
    judged: bool
    regressed: bool


class BenchmarkComparison(msgspec.Struct, frozen=True):
    """Two benchmarks against each other.

    Attributes:
        ratios: Row by row.
        max_regression: From which share on longer is a regression.
        relative_to_reference: Whether times were divided by the reference workload's;
            `in_yardsticks` in the JSON.
        only_before: Rows that are gone.
        only_after: Rows that are new.
        remarks: What makes the comparison doubtful.
    """

    ratios: tuple[Ratio, ...]
    max_regression: Share
    relative_to_reference: bool = msgspec.field(name="in_yardsticks")
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def regressions(self) -> tuple[Ratio, ...]:
        """What takes too long now."""
        return tuple(each for each in self.ratios if each.regressed)


def compare(
    before: BenchmarkReport, after: BenchmarkReport, max_regression: float, *, raw: bool
) -> BenchmarkComparison:
    """Compare all rows that both reports have.

    A row has regressed when a ratio that is judged is beyond `1 + max_regression` and so is not by
    chance: the interval, from bootstrapping over blocks, lies above 1. Time by the clock is judged
    where others left the machine alone, for no division makes good for waiting. CPU time is judged
    of what computes on the CPU in one thread: several use more of it where cores are free.

    Args:
        before: The older report.
        after: The newer one.
        max_regression: Share that is still accepted.
        raw: Do not divide by the reference workload.

    Raises:
        WrongUse: The two have no row in common.
    """
    old, new = ({row.name: row for row in report.rows} for report in (before, after))
    common = [name for name in old if name in new]
    if not common:
        raise WrongUse(
            "the two benchmarks have no row in common",
            "measure both with the same backends and precisions",
        )
    one_thread = before.settings.most_threads == after.settings.most_threads == 1
    ratios = [
        each
        for name in common
        for each in _ratios(old[name], new[name], max_regression, raw, one_thread=one_thread)
    ]
    return BenchmarkComparison(
        ratios=tuple(ratios),
        max_regression=max_regression,
        relative_to_reference=not raw,
        only_before=tuple(name for name in old if name not in new),
        only_after=tuple(name for name in new if name not in old),
        remarks=_remarks(before, after, [row for name in common for row in (old[name], new[name])]),
    )


def _ratios(
    old: BenchmarkRow, new: BenchmarkRow, max_regression: float, raw: bool, *, one_thread: bool
) -> list[Ratio]:
    judged = {CLOCK: was_alone(old) and was_alone(new), CPU: one_thread}
    rows = []
    for part, (before, after) in _parts(old, new).items():
        if raw:
            before, after = before.bare(), after.bare()
        ratio, low, high = bootstrap(before, after)
        is_judged = judged.get(part, False) and not math.isnan(ratio)  # without a reference it is
        rows.append(
            Ratio(
                row=old.name,
                part=part,
                before_ms=stats.rounded(before.median),
                after_ms=stats.rounded(after.median),
                ratio=round(ratio, 4),
                low=round(low, 4),
                high=round(high, 4),
                judged=is_judged,
                regressed=is_judged and ratio > 1 + max_regression and low > 1,
            )
        )
    return rows


def _parts(old: BenchmarkRow, new: BenchmarkRow) -> dict[str, tuple[Blocks, Blocks]]:
    """What can be compared of two rows: by the clock, CPU time, and stages by the clock."""
    parts = {CLOCK: (_by_the_clock(old), _by_the_clock(new))}
    if old.cpu_ms and new.cpu_ms and {old.device, new.device} <= _ON_THE_CPU:
        parts[CPU] = _of_the_cpu(old), _of_the_cpu(new)
    for name, stage in old.stages.items():
        if name in new.stages:
            pair = (stage, old), (new.stages[name], new)
            before, after = (
                Blocks.of(each.blocks, (1,) * len(each.blocks), *_reference(row))
                for each, row in pair
            )
            parts[name] = before, after
    return parts


def _by_the_clock(row: BenchmarkRow) -> Blocks:
    return Blocks.of(row.samples_ms, row.blocks, *_reference(row))


def _reference(row: BenchmarkRow) -> tuple[tuple[float, ...], tuple[int, ...]]:
    return row.reference_ms, row.reference_blocks


def _of_the_cpu(row: BenchmarkRow) -> Blocks:
    return Blocks.of(row.cpu_ms, row.blocks, row.reference_cpu_ms, row.reference_blocks)


def was_alone(row: BenchmarkRow) -> bool:
    """Whether no other process used the CPU meanwhile, up to a tenth of a core."""
    return row.contention_cores is not None and row.contention_cores <= _ALONE


def _remarks(
    before: BenchmarkReport, after: BenchmarkReport, rows: list[BenchmarkRow]
) -> tuple[str, ...]:
    remarks = []
    if before.device.fingerprint != after.device.fingerprint or (
        before.device.processor.model != after.device.processor.model
    ):
        remarks.append("the two are of different devices: this is no test of a regression")
    if before.settings.source != after.settings.source:
        remarks.append("the footage differs")
    remarks += _remarks_on_cores(before, after, rows)
    unstable = sorted({row.name for row in rows if not row.stable})
    if unstable:
        remarks.append(f"never settled: {', '.join(unstable)}")
    if any(row.throttled for row in rows):
        remarks.append("something was throttled by heat or power")
    if not (before.complete and after.complete):
        remarks.append("one of the two was not finished")
    return tuple(remarks)


def _threads(report: BenchmarkReport) -> tuple[int, int]:
    """Of the graph, and of the stage that has the most."""
    return report.settings.threads, report.settings.most_threads


def _remarks_on_cores(
    before: BenchmarkReport, after: BenchmarkReport, rows: list[BenchmarkRow]
) -> list[str]:
    remarks = []
    if _threads(before) != _threads(after):
        remarks.append("the number of threads differs")
    elif before.settings.most_threads > 1:
        remarks.append("CPU time of several threads is not judged: measure with --threads 1 for it")
    if not all(map(was_alone, rows)):
        used = max(row.contention_cores or 0.0 for row in rows)
        remarks.append(
            f"others used the CPU, up to {used:.1f} cores of it, or it is not known: time by the "
            "clock is not judged"
        )
    return remarks
