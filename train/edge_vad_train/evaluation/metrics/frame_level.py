"""Frame level: how well the score separates anomalous frames from normal ones."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from edge_vad.scoring.metrics import roc_area
from edge_vad_train.evaluation.metrics.bootstrap import ClipScores, pooled
from edge_vad_train.evaluation.metrics.roc import equal_error


class FrameLevel(msgspec.Struct, frozen=True):
    """How well anomalous and normal frames are separated.

    Attributes:
        micro_auc: AUC of all frames of all clips pooled, raw scores.
        macro_auc: Mean AUC of the clips that have both normal and anomalous frames; the others
            are left out of the mean. None where there is no such clip.
        eer: Equal error rate of all frames pooled.
        clip_aucs: AUC of each clip; None where it has not both normal and anomalous frames.
    """

    micro_auc: float
    macro_auc: float | None
    eer: float
    clip_aucs: tuple[float | None, ...]


def measure_frames(clips: Sequence[ClipScores]) -> FrameLevel:
    """Measure frame-level detection; over all clips, a frame is anomalous and one is not."""
    labels, scores = pooled(clips)
    clip_aucs = tuple(
        roc_area(clip.labels, clip.scores) if clip.has_both else None for clip in clips
    )
    known = [auc for auc in clip_aucs if auc is not None]
    return FrameLevel(
        micro_auc=roc_area(labels, scores),
        macro_auc=float(np.mean(known)) if known else None,
        eer=equal_error(labels, scores).rate,
        clip_aucs=clip_aucs,
    )
