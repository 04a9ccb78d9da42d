"""Medians over blocks of measurements, and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad_bench.figures import Times

_RESAMPLES = 2000
_INTERVAL = (2.5, 97.5)


class Sample(NamedTuple):
    """Values in order, and the block that each is of."""

    values: Times
    blocks: NDArray[np.intp]

    @classmethod
    def of(cls, values: Sequence[float], sizes: Sequence[int]) -> Sample:
        """Values block by block, with the sizes of the blocks."""
        order = np.argsort(values)
        return cls(np.asarray(values, float)[order], np.repeat(np.arange(len(sizes)), sizes)[order])

    def medians(self, draws: NDArray[np.intp]) -> Times:
        """The (lower) median of all values, each block taken as often as a line of draws says."""
        taken = draws[:, self.blocks].cumsum(1)
        middle = (taken < taken[:, -1:] / 2).sum(1)
        medians: Times = self.values[middle]
        return medians


class Blocks(NamedTuple):
    """Times, and the yardstick's between them, of a number of blocks."""

    times: Sample
    yardstick: Sample
    number: int

    @classmethod
    def of(
        cls,
        times: Sequence[float],
        sizes: Sequence[int],
        yardstick: Sequence[float],
        yardstick_sizes: Sequence[int],
    ) -> Blocks:
        """Divide what was measured into its blocks."""
        both = Sample.of(times, sizes), Sample.of(yardstick, yardstick_sizes)
        return cls(*both, len(sizes))

    def bare(self) -> Blocks:
        """The same by a yardstick that always takes 1 ms."""
        return self._replace(yardstick=Sample.of([1.0] * self.number, [1] * self.number))

    @property
    def median(self) -> float:
        """Of all times, ms."""
        return float(np.median(self.times.values))

    def ratios(self, draws: NDArray[np.intp]) -> Times:
        """Median time over median yardstick, for every line of draws."""
        return self.times.medians(draws) / self.yardstick.medians(draws)


def bootstrap(before: Blocks, after: Blocks, seed: int = 0) -> tuple[float, float, float]:
    """The ratio of two medians in yardsticks, with its 95% interval.

    Blocks are drawn with replacement, not single queries: queries of a block resemble one another.

    Args:
        before: One run.
        after: The other.
        seed: Of the draws.

    Returns:
        Ratio, lower and upper end.
    """
    random = np.random.default_rng(seed)
    once, drawn = [], []
    for run in (before, after):
        chances = [1 / run.number] * run.number
        once.append(run.ratios(np.ones((1, run.number), np.intp))[0])
        drawn.append(run.ratios(random.multinomial(run.number, chances, _RESAMPLES)))
    low, high = np.percentile(drawn[1] / drawn[0], _INTERVAL)
    return float(once[1] / once[0]), float(low), float(high)
