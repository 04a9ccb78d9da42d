"""How far a figure would vary with other clips: clips are drawn with replacement.

Clips are drawn and not frames, because neighbouring frames are nearly the same. The draws are the
same for every method and every seed of the training, so that these stay comparable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_vad.scoring.metrics import roc_area
from edge_vad_train.evaluation.metrics.roc import Labels, Scores

RESAMPLES = 1000
CONFIDENCE = 0.95
_DRAWS_AT_ONCE = 50

Interval = tuple[float, float]
Times = NDArray[np.int64]
"""(draws, clips), how often each clip was drawn."""
Drawn = NDArray[np.float64]
"""(draws,), the figure of every draw; not a number where the draw has none."""


@dataclass(frozen=True)
class ClipScores:
    """The raw scores of one clip and the truth about it.

    Attributes:
        labels: bool, (frames,), True where the frame is anomalous.
        scores: float64, (frames,), higher where the frame is more anomalous.
    """

    labels: Labels
    scores: Scores

    @property
    def has_both(self) -> bool:
        """Whether some frames are anomalous and some are not."""
        return bool(self.labels.any()) and not bool(self.labels.all())


def draw_clips(clips: int, seed: int = 0) -> Times:
    """Draw as many clips as there are, with replacement, again and again."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(clips, np.full(clips, 1 / clips), RESAMPLES)


def drawn_areas(clips: Sequence[ClipScores], times: Times) -> Drawn:
    """The micro AUC of every draw.

    The AUC is a mean over pairs of an anomalous and a normal frame, so every draw follows from the
    number of pairs that each clip wins against each other.
    """
    won = pairs_won(clips)
    anomalous = np.array([clip.labels.sum() for clip in clips])
    normal = np.array([(~clip.labels).sum() for clip in clips])
    pairs = (times @ anomalous) * (times @ normal)
    total = np.einsum("ni,ij,nj->n", times, won, times)
    return np.where(pairs > 0, total / np.maximum(pairs, 1), np.nan)


def drawn_means(clips: Sequence[ClipScores], times: Times) -> Drawn:
    """The macro AUC of every draw: the mean over its clips that have both kinds of frames."""
    has_auc = np.array([clip.has_both for clip in clips])
    aucs = np.array(
        [roc_area(clip.labels, clip.scores) if clip.has_both else 0.0 for clip in clips]
    )
    counted = times @ has_auc.astype(np.int64)
    return np.where(counted > 0, times @ aucs / np.maximum(counted, 1), np.nan)


def drawn_equal_errors(clips: Sequence[ClipScores], times: Times) -> Drawn:
    """The equal error rate of every draw, between two thresholds linearly interpolated."""
    scores = np.concatenate([clip.scores for clip in clips])
    levels, places = np.unique(-scores, return_inverse=True)
    counts = np.zeros((2, len(levels), len(clips)))
    first = 0
    for number, clip in enumerate(clips):
        here = places[first : first + len(clip.scores)]
        for truth in (0, 1):
            of_truth = here[clip.labels == truth]
            counts[truth, :, number] = np.bincount(of_truth, minlength=len(levels))
        first += len(here)
    parts = np.array_split(times, -(-len(times) // _DRAWS_AT_ONCE))
    return np.concatenate([_equal_errors(counts, part) for part in parts])


def _equal_errors(counts: NDArray[np.float64], times: Times) -> Drawn:
    marked = np.cumsum(counts @ times.T, axis=1)
    totals = marked[:, -1]
    errors = np.full(len(times), np.nan)
    for draw in np.flatnonzero(totals.all(axis=0)):
        false_rate, true_rate = np.pad(marked[:, :, draw] / totals[:, draw, None], ((0, 0), (1, 0)))
        errors[draw] = np.interp(0.0, false_rate - (1 - true_rate), false_rate)
    return errors


def interval_of(drawn: Sequence[Drawn]) -> Interval:
    """The interval that holds 95% of the draws, of the mean over seeds.

    Args:
        drawn: One array a seed, all of the same draws; those without a figure are left out.
    """
    mean = np.mean(drawn, axis=0)
    known = mean[~np.isnan(mean)]
    outside = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [outside, 1 - outside]) if known.size else (0.0, 1.0)
    return float(low), float(high)


def pairs_won(clips: Sequence[ClipScores]) -> NDArray[np.float64]:
    """Count the pairs in which an anomalous frame scores above a normal one; ties count half.

    Returns:
        (clips, clips): anomalous frames of the row's clip against normal ones of the column's.
    """
    normal = [np.sort(clip.scores[~clip.labels]) for clip in clips]
    anomalous = [clip.scores[clip.labels] for clip in clips]
    return np.array([[_wins(above, below) for below in normal] for above in anomalous])


def _wins(anomalous: Scores, sorted_normal: Scores) -> float:
    below = np.searchsorted(sorted_normal, anomalous, side="left").sum()
    not_above = np.searchsorted(sorted_normal, anomalous, side="right").sum()
    return float(below + not_above) / 2
