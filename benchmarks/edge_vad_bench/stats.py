"""From times to figures: percentiles, jitter, stability, growth, confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_vad_bench.schema import Latency, StageTimes

Times = NDArray[np.float64]

_CONFIDENCE = 0.99
_DIGITS = 5


def latency(samples_ms: Sequence[float], metric: float) -> Latency:
    """Sum up the queries of a row.

    Args:
        samples_ms: Every query, in order; at least one.
        metric: The scenario's percentile, 0 to 100, for the bound.
    """
    times = np.asarray(samples_ms, float)
    percentiles = np.percentile(times, [50, 90, 95, 99, 99.9])
    bound = upper_bound(times, metric / 100)
    p50, p90, p95, p99, p999 = map(rounded, percentiles)
    return Latency(
        mean=rounded(times.mean()),
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        p999=p999,
        slowest=rounded(times.max()),
        jitter=rounded(jitter(times)),
        bound=None if bound is None else rounded(bound),
    )


def jitter(times: Times) -> float:
    """Mean difference between a query and the one before; 0 for a single one."""
    return float(np.abs(np.diff(times)).mean()) if len(times) > 1 else 0.0


def upper_bound(times: Times, share: float, confidence: float = _CONFIDENCE) -> float | None:
    """What a percentile does not exceed, with confidence: an order statistic.

    The k-th smallest of n exceeds the percentile unless k or more of n lie below it, so its
    confidence is `P(Binomial(n, share) < k)`. MLPerf LoadGen stops early by the same rule.

    Args:
        times: The sample.
        share: The percentile, 0 to 1.
        confidence: 0 to 1.

    Returns:
        The bound; None where even the slowest does not reach the confidence.

    Example:
        >>> upper_bound(np.arange(1.0, 1001.0), 0.9)
        923.0
    """
    count = len(times)
    below = 0.0
    for k in range(count):  # P(Binomial = k) joins the sum P(Binomial < k + 1)
        below += math.exp(
            math.lgamma(count + 1)
            - math.lgamma(k + 1)
            - math.lgamma(count - k + 1)
            + k * math.log(share)
            + (count - k) * math.log1p(-share)
        )
        if below >= confidence:
            return float(np.sort(times)[k])
    return None


def block_medians(samples: Sequence[float], blocks: Sequence[int]) -> Times:
    """The median of every block.

    Args:
        samples: All samples, in order.
        blocks: How many of them each block has.
    """
    ends = np.cumsum(blocks)
    parts = np.split(np.asarray(samples, float), ends[:-1])
    return np.array([np.median(part) for part in parts if len(part)])


def is_settled(medians: Times, last: int, tolerance: float) -> bool:
    """Whether the last blocks agree: their medians' range is within the tolerance."""
    if len(medians) < last:
        return False
    tail = medians[-last:]
    return bool(np.ptp(tail) <= tolerance * np.median(tail))


def stage(samples_ms: Sequence[float], blocks: Sequence[int]) -> StageTimes:
    """Sum up one stage."""
    times = np.asarray(samples_ms, float)
    return StageTimes(
        mean=rounded(times.mean()),
        p50=rounded(np.median(times)),
        p99=rounded(np.percentile(times, 99)),
        blocks=tuple(map(rounded, block_medians(samples_ms, blocks))),
    )


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """Slope of log time over log size, by least squares: 1 is linear growth.

    Example:
        >>> round(exponent([1, 2, 4], [3, 12, 48]), 6)
        2.0
    """
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def rounded(value: float) -> float:
    """To five digits after the point: a hundredth of a microsecond, where ms are meant."""
    return round(float(value), _DIGITS)
