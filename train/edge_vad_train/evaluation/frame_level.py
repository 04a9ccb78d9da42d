"""Frame level: does the score tell anomalous frames from normal ones?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad_train.evaluation.roc import Labels, Scores, area, equal_error

RESAMPLES = 1000
CONFIDENCE = 0.95


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


class FrameLevel(msgspec.Struct, frozen=True):
    """How well frames are told apart.

    Attributes:
        micro_auc: AUC of all frames of all clips pooled, raw scores.
        micro_interval: 95% bootstrap interval of `micro_auc` over clips; None for a single clip.
        macro_auc: Mean AUC of the clips that have both normal and anomalous frames; the others
            are left out of the mean. None where there is no such clip.
        macro_clips: How many clips `macro_auc` is the mean of.
        eer: Equal error rate of all frames pooled.
        clip_aucs: AUC of each clip; None where it has not both normal and anomalous frames.
    """

    micro_auc: float
    micro_interval: tuple[float, float] | None
    macro_auc: float | None
    macro_clips: int
    eer: float
    clip_aucs: tuple[float | None, ...]


def measure_frames(clips: Sequence[ClipScores], seed: int = 0) -> FrameLevel:
    """Measure frame-level detection.

    Args:
        clips: At least one frame is anomalous and one is not, over all clips.
        seed: Of the bootstrap.
    """
    labels = np.concatenate([clip.labels for clip in clips])
    scores = np.concatenate([clip.scores for clip in clips])
    clip_aucs = tuple(area(clip.labels, clip.scores) if clip.has_both else None for clip in clips)
    known = [auc for auc in clip_aucs if auc is not None]
    return FrameLevel(
        micro_auc=area(labels, scores),
        micro_interval=bootstrap_interval(clips, seed) if len(clips) > 1 else None,
        macro_auc=float(np.mean(known)) if known else None,
        macro_clips=len(known),
        eer=equal_error(labels, scores).rate,
        clip_aucs=clip_aucs,
    )


def bootstrap_interval(clips: Sequence[ClipScores], seed: int = 0) -> tuple[float, float]:
    """The interval that holds 95% of the micro AUCs of clips drawn with replacement.

    Clips are drawn and not frames, because neighbouring frames are nearly the same. The AUC is a
    mean over pairs of an anomalous and a normal frame, so every draw follows from the number of
    pairs that each clip wins against each other. Draws without such a pair are left out.

    Args:
        clips: At least one frame is anomalous and one is not, over all clips.
        seed: The same seed gives the same interval.
    """
    won = pairs_won(clips)
    anomalous = np.array([clip.labels.sum() for clip in clips])
    normal = np.array([(~clip.labels).sum() for clip in clips])
    dice = np.random.default_rng(seed)
    times = dice.multinomial(len(clips), np.full(len(clips), 1 / len(clips)), RESAMPLES)
    pairs = (times @ anomalous) * (times @ normal)
    drawn = np.einsum("ni,ij,nj->n", times, won, times)[pairs > 0] / pairs[pairs > 0]
    outside = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [outside, 1 - outside]) if drawn.size else (0.0, 1.0)
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
