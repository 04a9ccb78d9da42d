"""How far a figure would vary with other clips: clips are drawn with replacement.

Clips are drawn and not frames, because neighbouring frames are nearly the same. The draws are the
same for every method and every seed of the training, so that these stay comparable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_vad.scoring.metrics import roc_area
from edge_vad_train.evaluation.metrics.roc import Labels, Scores

RESAMPLES = 1000
CONFIDENCE = 0.95

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


def pooled(clips: Sequence[ClipScores]) -> tuple[Labels, Scores]:
    """Labels and scores of all clips, one after the other."""
    labels = np.concatenate([clip.labels for clip in clips])
    return labels, np.concatenate([clip.scores for clip in clips])


def draw_clips(clips: int, seed: int = 0) -> Times:
    """Draw as many clips as there are, with replacement, again and again."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(clips, np.full(clips, 1 / clips), RESAMPLES)


def drawn_areas(clips: Sequence[ClipScores], times: Times) -> Drawn:
    """The micro AUC of every draw."""
    return np.array([_area(*curve) for curve in _drawn_curves(clips, times)])


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
    return np.array([_equal_error(*curve) for curve in _drawn_curves(clips, times)])


def _drawn_curves(clips: Sequence[ClipScores], times: Times) -> Iterator[tuple[Times, Times]]:
    """Of every draw how many normal and anomalous frames reach each score, the highest first."""
    labels, scores = pooled(clips)
    order = np.argsort(-scores)
    of_clip = np.repeat(np.arange(len(clips)), [len(clip.scores) for clip in clips])[order]
    is_anomalous = labels[order]
    last_of_score = np.flatnonzero(np.append(np.diff(scores[order]), 1))
    for draw in times:
        counts = draw[of_clip]
        normal, anomalous = (
            np.append(0, np.cumsum(counts * kind)[last_of_score])
            for kind in (~is_anomalous, is_anomalous)
        )
        yield normal, anomalous


def _area(normal: Times, anomalous: Times) -> float:
    """The share of pairs of frames in which the anomalous one scores higher; ties count half."""
    pairs = normal[-1] * anomalous[-1]
    won = (np.diff(normal) * (anomalous[1:] + anomalous[:-1])).sum() / 2
    return float(won / pairs) if pairs else np.nan


def _equal_error(normal: Times, anomalous: Times) -> float:
    if not normal[-1] or not anomalous[-1]:
        return np.nan
    false_rate, true_rate = normal / normal[-1], anomalous / anomalous[-1]
    return float(np.interp(0.0, false_rate - (1 - true_rate), false_rate))


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
