"""Compares two benchmarks of the same, row by row."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import WrongUse
from edge_vad_bench import figures
from edge_vad_bench.schema import Report, Row

_RESAMPLES = 4000
_INTERVAL = (2.5, 97.5)

Share = Annotated[float, msgspec.Meta(ge=0)]


class Ratio(msgspec.Struct, frozen=True):
    """How much longer something takes than before.

    Attributes:
        row: Name of the row.
        part: `p50` of the whole, or a stage.
        before_ms: Median before.
        after_ms: Median now.
        ratio: Now over before, 1 is equal; in yardsticks, unless raw times were asked for.
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


class Comparison(msgspec.Struct, frozen=True):
    """Two benchmarks against each other.

    Attributes:
        ratios: Row by row.
        max_regression: From which share on longer is a regression.
        in_yardsticks: Whether times were divided by the yardstick's.
        only_before: Rows that are gone.
        only_after: Rows that are new.
        remarks: What makes the comparison doubtful.
    """

    ratios: tuple[Ratio, ...]
    max_regression: Share
    in_yardsticks: bool
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def regressions(self) -> tuple[Ratio, ...]:
        """What takes too long now."""
        return tuple(each for each in self.ratios if each.regressed)


def compare(before: Report, after: Report, max_regression: float, *, raw: bool) -> Comparison:
    """Compare all rows that both reports have.

    A row has regressed when its ratio is beyond `1 + max_regression` and so is not by chance: the
    interval, from bootstrapping over blocks, lies above 1.

    Args:
        before: The older report.
        after: The newer one.
        max_regression: Share that is still accepted.
        raw: Compare milliseconds, not yardsticks.

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
    ratios = [
        each for name in common for each in _ratios(old[name], new[name], max_regression, raw)
    ]
    return Comparison(
        ratios=tuple(ratios),
        max_regression=max_regression,
        in_yardsticks=not raw,
        only_before=tuple(name for name in old if name not in new),
        only_after=tuple(name for name in new if name not in old),
        remarks=_remarks(before, after, [row for name in common for row in (old[name], new[name])]),
    )


def _ratios(old: Row, new: Row, max_regression: float, raw: bool) -> list[Ratio]:
    blocks = [figures.block_medians(row.samples_ms, row.blocks) for row in (old, new)]
    pairs = [("p50", blocks[0], blocks[1], True)]
    for name, stage in old.stages.items():
        if name in new.stages:
            parts = np.array(stage.blocks), np.array(new.stages[name].blocks)
            pairs.append((name, *parts, False))
    rows = []
    for part, before, after, judged in pairs:
        scaled = (before, after) if raw else (before / _scale(old), after / _scale(new))
        ratio, low, high = bootstrap(*scaled)
        rows.append(
            Ratio(
                row=old.name,
                part=part,
                before_ms=figures.rounded(float(np.median(before))),
                after_ms=figures.rounded(float(np.median(after))),
                ratio=round(ratio, 4),
                low=round(low, 4),
                high=round(high, 4),
                judged=judged,
                regressed=judged and ratio > 1 + max_regression and low > 1,
            )
        )
    return rows


def _scale(row: Row) -> NDArray[np.float64]:
    """The yardstick of every block, smoothed over its neighbours: one reading is noisy itself."""
    readings = np.array(row.yardstick_ms)
    padded = np.pad(readings, 1, mode="edge")
    smooth: NDArray[np.float64] = np.median(
        np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0
    )
    return smooth


def bootstrap(
    before: NDArray[np.float64], after: NDArray[np.float64], seed: int = 0
) -> tuple[float, float, float]:
    """The ratio of two medians over blocks, with its 95% interval.

    Blocks are drawn with replacement, not single queries: queries of a block resemble one another.

    Args:
        before: A figure of every block.
        after: The same of the other run.
        seed: Of the draws.

    Returns:
        Ratio, lower and upper end.

    Example:
        >>> bootstrap(np.ones(10), np.full(10, 1.1))
        (1.1, 1.1, 1.1)
    """
    random = np.random.default_rng(seed)
    drawn = [
        np.median(values[random.integers(0, len(values), (_RESAMPLES, len(values)))], axis=1)
        for values in (before, after)
    ]
    low, high = np.percentile(drawn[1] / drawn[0], _INTERVAL)
    return float(np.median(after) / np.median(before)), float(low), float(high)


def _remarks(before: Report, after: Report, rows: list[Row]) -> tuple[str, ...]:
    remarks = []
    if before.device.fingerprint != after.device.fingerprint or (
        before.device.processor.model != after.device.processor.model
    ):
        remarks.append("the two are of different devices: this is no test of a regression")
    if before.settings.source != after.settings.source:
        remarks.append("the footage differs")
    if before.settings.threads != after.settings.threads:
        remarks.append("the number of threads differs")
    unstable = sorted({row.name for row in rows if not row.stable})
    if unstable:
        remarks.append(f"never settled: {', '.join(unstable)}")
    cores = min(report.device.processor.cores for report in (before, after))
    if any((each.load or 0) > cores + 1 for row in rows for each in (row.before, row.after)):
        remarks.append(f"others kept the {cores} cores busy: do not trust differences of some 10%")
    if any(row.throttled for row in rows):
        remarks.append("something was throttled by heat or power")
    if not (before.complete and after.complete):
        remarks.append("one of the two was not finished")
    return tuple(remarks)
