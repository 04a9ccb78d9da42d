"""Pixel level: is the anomaly found where it is?

The criterion of Mahadevan et al. (CVPR 2010). Marking too much is never punished by it, so the
precision of the marked pixels stands beside it.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.scoring.metrics import roc_area
from edge_vad_train.datasets.base import Mask
from edge_vad_train.evaluation.metrics.bootstrap import ClipScores, pooled
from edge_vad_train.evaluation.metrics.roc import equal_error
from edge_vad_train.evaluation.metrics.upsampling import Pixels

FOUND_PERCENT = 40
"""An anomalous frame is found when at least this part of its anomalous pixels is marked."""

KEY_BITS = 18
_DROPPED_BITS = 32 - KEY_BITS


class PixelLevel(msgspec.Struct, frozen=True):
    """How well anomalies are located.

    Attributes:
        auc: Area under the curve of found anomalous frames against normal frames with a mark.
        eer: Equal error rate of the same.
        threshold: Value of the map from which on a pixel is marked at the equal error rate.
        marked_precision: Share of the marked pixels that are anomalous, over all frames, at that
            threshold rounded down to 10 significant binary digits.
        frames: Frames measured, those of the clips with masks.
        anomalous: Frames of them with an anomalous pixel.
    """

    auc: float
    eer: float
    threshold: float
    marked_precision: float
    frames: int
    anomalous: int


class PixelMeter:
    """Takes maps and masks, one frame after the other; keeps two numbers a frame and no map.

    Every frame has one decisive threshold, from which on it changes sides: so the whole curve
    follows from a list of labels and a list of thresholds.

    Attributes:
        clips: Labels and decisive thresholds of every clip that has ended.
    """

    def __init__(self) -> None:
        self.clips: list[ClipScores] = []
        self._frames: list[tuple[bool, float]] = []
        self._pixels = np.zeros((2, 2**KEY_BITS), np.int64)

    def add(self, values: Pixels, mask: Mask) -> None:
        """Take the next frame.

        Args:
            values: float32, (height, width), the anomaly map at the size of the frame.
            mask: bool, (height, width), True on an anomaly.
        """
        self._frames.append((bool(mask.any()), decisive_threshold(values, mask)))
        for truth in (False, True):
            self._pixels[int(truth)] += np.bincount(
                _keys(values[mask == truth]), minlength=2**KEY_BITS
            )

    def end_clip(self) -> None:
        """Finish a clip, which may have no masks."""
        if self._frames:
            labels, decisive = zip(*self._frames, strict=True)
            self.clips.append(ClipScores(np.array(labels), np.array(decisive)))
            self._frames = []

    def result(self) -> PixelLevel:
        """Measure the clips so far, of whose frames one at least is anomalous and one is not."""
        labels, decisive = pooled(self.clips)
        error = equal_error(labels, decisive)
        return PixelLevel(
            auc=roc_area(labels, decisive),
            eer=error.rate,
            threshold=error.threshold,
            marked_precision=self._precision(error.threshold),
            frames=len(labels),
            anomalous=int(labels.sum()),
        )

    def _precision(self, threshold: float) -> float:
        lowest = int(_keys(np.array([threshold], np.float32))[0])
        normal, anomalous = self._pixels[:, lowest:].sum(axis=1)
        # The threshold is a value that occurred, so at least one pixel is marked.
        return float(anomalous / (normal + anomalous))


def decisive_threshold(values: Pixels, mask: Mask) -> float:
    """The highest threshold at which the frame counts as positive.

    Args:
        values: float32, (height, width), the anomaly map at the size of the frame.
        mask: bool, (height, width), True on an anomaly.

    Returns:
        For an anomalous frame the highest threshold at which at least 40% of its anomalous pixels
        are marked; for a normal frame the one at which any pixel is: its maximum.
    """
    anomalous = values[mask]
    if not anomalous.size:
        return float(values.max())
    needed = -(-anomalous.size * FOUND_PERCENT // 100)
    return float(np.partition(anomalous, -needed)[-needed])


def _keys(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Whole numbers in the order of the values: sign, exponent and 9 bits of the fraction.

    They make histograms of values whose range nobody knows in advance, at a relative resolution of
    1/512.
    """
    bits = (values + np.float32(0)).view(np.int32)  # + 0 makes one zero of the two
    ordered = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
    keys: NDArray[np.int64] = (ordered >> _DROPPED_BITS).astype(np.int64)
    keys += 2 ** (KEY_BITS - 1)
    return keys
