"""How it was measured, in sentences: a number without them means nothing."""

from __future__ import annotations

from edge_vad_train.evaluation.metrics.bootstrap import CONFIDENCE, RESAMPLES
from edge_vad_train.evaluation.metrics.pixel_level import FOUND_PERCENT
from edge_vad_train.evaluation.metrics.region_level import (
    OVERLAP_PERCENT,
    THRESHOLDS,
    TRACK_PERCENT,
)

_SCORES = (
    "Scores are raw and causal: no later frame is looked at, nothing is scaled by clip or smoothed "
    "over time."
)
_FIRST_FRAMES = (
    "No frame is left out. The first frame of a clip has no motion and scores 0; until {window} "
    "flow fields have come, those there are pooled."
)
_FRAMES = (
    "Micro AUC and EER: all frames of all clips pooled. The intervals hold "
    f"{CONFIDENCE:.0%} of {RESAMPLES} draws of clips with replacement. Macro AUC: mean over the "
    "clips that have both normal and anomalous frames."
)
_STREAMS = (
    "Single streams: the highest energy of the map, less the location of its calibration, each "
    "cell by itself; a clip's first frame scores 0 there too. GMAC: multiply-accumulates a frame "
    "in the graph, in units of 10^9; optical flow, which all rows share, is not counted."
)
_SCENES = (
    "Mean and worst are over {scenes} scenes. The intervals are of the mean: what clips make "
    "uncertain, not what seeds do."
)
_MAPS = (
    "Maps are upsampled bilinearly between the centres of cells and extended beyond the outermost "
    "ones; nothing is dilated. Only clips with masks count."
)
_PIXELS = (
    f"Pixel level: an anomalous frame is found when {FOUND_PERCENT}% of its anomalous pixels are "
    "marked, a normal frame is a false positive when any pixel is. Precision: share of marked "
    "pixels that are anomalous, over all frames, at the equal error rate."
)
_REGIONS = (
    f"RBDC, TBDC: a region is found at {OVERLAP_PERCENT}% intersection over union, a track when "
    f"{TRACK_PERCENT}% of its regions are; area up to one false positive a frame, over "
    f"{len(THRESHOLDS)} thresholds, twelve to the octave. Regions of consecutive frames that share "
    "a pixel are one track."
)


def protocol(window: int, *, scenes: int = 1, pixel: bool, regions: bool) -> tuple[str, ...]:
    """Say how it was measured.

    Args:
        window: Flow fields that the scene pools.
        scenes: How many scenes were measured.
        pixel: Whether the pixel level was measured.
        regions: Whether the region level was measured.
    """
    sentences = {
        _SCORES: True,
        _FIRST_FRAMES.format(window=window): True,
        _FRAMES: True,
        _STREAMS: True,
        _SCENES.format(scenes=scenes): scenes > 1,
        _MAPS: pixel or regions,
        _PIXELS: pixel,
        _REGIONS: regions,
    }
    return tuple(sentence for sentence, is_asked in sentences.items() if is_asked)
