"""Block means relative to the reference workload, and their bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad_bench.stats import Times

_RESAMPLES = 2000
_INTERVAL = (2.5, 97.5)

_LEFT_OUT = 0.2
"""Share of a block's times that is left out at either end, in whole times: hiccups are what p99 is
for."""


class Blocks(NamedTuple):
    """The times of one measurement and of the reference workload beside it, block by block.

    Means are used, not medians: where a machine is slow for half of the time, medians fall on
    either side, while the means of both contain the same share of slow blocks.

    Attributes:
        times: Mean of each block without its extremes, ms.
        reference: Mean of the reference workload in the same blocks, ms.
        median: Of all times, ms.
    """

    times: Times
    reference: Times
    median: float

    @classmethod
    def of(
        cls,
        times: Sequence[float],
        sizes: Sequence[int],
        reference: Sequence[float],
        reference_sizes: Sequence[int],
    ) -> Blocks:
        """Divide what was measured into its blocks.

        Args:
            times: Block after block, ms.
            sizes: How many each block has; one without any counts as the others do.
            reference: Likewise.
            reference_sizes: How many each block has.
        """
        return cls(
            _means(times, sizes, _LEFT_OUT),
            _means(reference, reference_sizes),
            float(np.median(times)),
        )

    def bare(self) -> Blocks:
        """The same without the reference workload: as if it always took 1 ms."""
        return self._replace(reference=np.ones_like(self.reference))

    def ratios(self, draws: NDArray[np.intp]) -> Times:
        """Mean time over mean reference time, each block as often as a line of draws says."""
        ratios: Times = (draws @ self.times) / (draws @ self.reference)
        return ratios


def bootstrap(before: Blocks, after: Blocks, seed: int = 0) -> tuple[float, float, float]:
    """The ratio of two runs, each relative to the reference workload, with its 95% interval.

    Blocks are drawn with replacement, not single queries, for queries of a block are correlated.

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
        number = len(run.times)
        chances = [1 / number] * number
        once.append(run.ratios(np.ones((1, number), np.intp))[0])
        drawn.append(run.ratios(random.multinomial(number, chances, _RESAMPLES)))
    low, high = np.percentile(drawn[1] / drawn[0], _INTERVAL)
    return float(once[1] / once[0]), float(low), float(high)


def _means(values: Sequence[float], sizes: Sequence[int], left_out: float = 0.0) -> Times:
    """Mean of every block; of one that holds nothing that of the others, NaN where none does."""
    blocks = np.split(np.asarray(values, float), np.cumsum(sizes)[:-1])
    means = np.array([_middle(block, left_out) if block.size else np.nan for block in blocks])
    known = ~np.isnan(means)
    if known.any():
        means[~known] = means[known].mean()
    return means


def _middle(values: Times, left_out: float) -> float:
    """Mean of the values between the lowest and the highest."""
    number = int(left_out * len(values))
    return float(np.sort(values)[number : len(values) - number].mean())
