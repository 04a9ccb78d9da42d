"""Collects the scores and maps of one method, frame by frame."""

from __future__ import annotations

import math
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadModel
from edge_vad.scene_model import Grid
from edge_vad_train.datasets.base import Mask
from edge_vad_train.evaluation.metrics.bootstrap import ClipScores
from edge_vad_train.evaluation.metrics.frame_level import FrameLevel, measure_frames
from edge_vad_train.evaluation.metrics.pixel_level import PixelLevel, PixelMeter
from edge_vad_train.evaluation.metrics.region_level import RegionLevel, RegionMeter
from edge_vad_train.evaluation.metrics.roc import Labels, Scores
from edge_vad_train.evaluation.metrics.upsampling import Size, Upsampling


class Method(msgspec.Struct, frozen=True):
    """One way to score frames, measured.

    Attributes:
        name: As in the table.
        frame_level: How well its scores separate frames.
        pixel_level: How well it locates, where that was asked for.
        region_level: How well it finds regions and tracks, where that was asked for.
        scores: The raw scores of each clip's frames.
    """

    name: str
    frame_level: FrameLevel
    pixel_level: PixelLevel | None
    region_level: RegionLevel | None
    scores: tuple[tuple[float, ...], ...]

    @property
    def pooled_scores(self) -> Scores:
        """float64, (frames,), of all clips one after the other."""
        return np.concatenate([np.array(scores, np.float64) for scores in self.scores])


class MethodMeter:
    """Measures one method.

    Args:
        name: As in the table.
        grid: Where the cells of its maps lie.
        model_size: Height and width of the frame that the grid is about.
        pixel: Whether to measure at the pixel level.
        regions: Whether to measure at the region level.

    Attributes:
        name: As in the table.
        frame_clips: Labels and scores of every clip so far.
    """

    def __init__(
        self, name: str, grid: Grid, model_size: Size, *, pixel: bool, regions: bool
    ) -> None:
        self.name = name
        self._grid = grid
        self._model_size = model_size
        self._pixel = PixelMeter() if pixel else None
        self._regions = RegionMeter() if regions else None
        self.frame_clips: list[ClipScores] = []
        self._scores: list[float] = []
        self._upsample: Upsampling | None = None

    def start_clip(self) -> None:
        """Begin a new clip, whose frames may have another size."""
        self._scores = []
        self._upsample = None
        if self._regions:
            self._regions.start_clip()

    def add(self, score: float, anomaly_map: NDArray[np.float32], mask: Mask | None) -> None:
        """Take the next frame; without a mask only its score counts.

        Raises:
            BadModel: The score is not a finite number.
        """
        if not math.isfinite(score):
            raise BadModel(
                f"the score of frame {len(self._scores)} is {score}",
                "export the scene again, in fp32 if it was not",
            )
        self._scores.append(score)
        if mask is None:
            return
        if self._upsample is None:
            height, width = mask.shape
            self._upsample = Upsampling(self._grid, self._model_size, (height, width))
        values = self._upsample(anomaly_map)
        if self._pixel:
            self._pixel.add(values, mask)
        if self._regions:
            self._regions.add(values, mask)

    def end_clip(self, labels: Labels) -> None:
        """Finish the clip."""
        self.frame_clips.append(ClipScores(labels, np.array(self._scores)))
        if self._pixel:
            self._pixel.end_clip()

    @property
    def pixel_clips(self) -> list[ClipScores]:
        """Labels and decisive thresholds of every clip with masks so far."""
        return self._pixel.clips if self._pixel else []

    @cached_property
    def method(self) -> Method:
        """What all clips so far come to; to be asked for when all have been seen."""
        return Method(
            name=self.name,
            frame_level=measure_frames(self.frame_clips),
            pixel_level=self._pixel.result() if self._pixel else None,
            region_level=self._regions.result() if self._regions else None,
            scores=tuple(tuple(clip.scores.tolist()) for clip in self.frame_clips),
        )
