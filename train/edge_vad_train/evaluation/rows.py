"""The rows of the table: what several seeds of one training reach, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from edge_vad_train.evaluation.metrics.bootstrap import (
    ClipScores,
    Drawn,
    Interval,
    Times,
    draw_clips,
    drawn_areas,
    drawn_equal_errors,
    drawn_means,
    interval_of,
)
from edge_vad_train.evaluation.metrics.meter import MethodMeter

_Draw = Callable[[Sequence[ClipScores], Times], Drawn]


class Figure(msgspec.Struct, frozen=True):
    """One figure of the table.

    Attributes:
        mean: Mean over the scenes.
        worst: That of the worst scene.
        interval: 95% bootstrap interval of the mean, over clips; None for a single clip and for
            figures that are not drawn.
    """

    mean: float
    worst: float
    interval: Interval | None = None


class Row(msgspec.Struct, frozen=True):
    """One way to score frames, over all scenes.

    Attributes:
        name: As in the table.
        scenes: How many scenes there are.
        gmac: Multiplications a frame in its part of the graph, 10^9; None where not known.
        micro_auc: Of all frames pooled.
        macro_auc: Mean over the clips with both kinds of frames, where there are such.
        eer: Equal error rate of all frames pooled.
        pixel_auc: Pixel level, where that was asked for.
        pixel_eer: The same.
        marked_precision: The same.
        rbdc: Region level, where that was asked for.
        tbdc: The same.
        kinds: Micro AUC of all clips of a kind of anomaly, where kinds are known.
    """

    name: str
    scenes: int
    gmac: float | None
    micro_auc: Figure
    macro_auc: Figure | None
    eer: Figure
    pixel_auc: Figure | None
    pixel_eer: Figure | None
    marked_precision: Figure | None
    rbdc: Figure | None
    tbdc: Figure | None
    kinds: dict[str, Figure]


def make_row(
    name: str,
    meters: Sequence[MethodMeter],
    kinds: Sequence[str | None],
    gmac: float | None = None,
) -> Row:
    """Summarise one way to score over all scenes.

    Args:
        name: As in the table.
        meters: One a scene, each of which has seen all clips.
        kinds: The kind of anomaly of every clip.
        gmac: Multiplications a frame, 10^9.
    """
    frames = [meter.frame_clips for meter in meters]
    pixels = [meter.pixel_clips for meter in meters]
    methods = [meter.method for meter in meters]
    frame = [method.frame_level for method in methods]
    pixel = [method.pixel_level for method in methods if method.pixel_level]
    region = [method.region_level for method in methods if method.region_level]
    return Row(
        name=name,
        scenes=len(meters),
        gmac=gmac,
        micro_auc=_known([each.micro_auc for each in frame], _interval(frames, drawn_areas)),
        macro_auc=_figure([each.macro_auc for each in frame], _interval(frames, drawn_means)),
        eer=_known([each.eer for each in frame], _interval(frames, drawn_equal_errors), max),
        pixel_auc=_figure([each.auc for each in pixel], _interval(pixels, drawn_areas)),
        pixel_eer=_figure([each.eer for each in pixel], _interval(pixels, drawn_equal_errors), max),
        marked_precision=_figure([each.marked_precision for each in pixel]),
        rbdc=_figure([each.rbdc for each in region]),
        tbdc=_figure([each.tbdc for each in region]),
        kinds=_by_kind(frames, kinds),
    )


def _figure(
    values: Sequence[float | None],
    interval: Interval | None = None,
    worst: Callable[[list[float]], float] = min,
) -> Figure | None:
    known = [value for value in values if value is not None]
    return _known(known, interval, worst) if known else None


def _known(
    values: list[float],
    interval: Interval | None,
    worst: Callable[[list[float]], float] = min,
) -> Figure:
    return Figure(float(np.mean(values)), worst(values), interval)


def _interval(scenes: Sequence[Sequence[ClipScores]], draw: _Draw) -> Interval | None:
    count = len(scenes[0])
    if count < 2:
        return None
    times = draw_clips(count)
    return interval_of([draw(clips, times) for clips in scenes])


def _by_kind(
    scenes: Sequence[Sequence[ClipScores]], kinds: Sequence[str | None]
) -> dict[str, Figure]:
    figures = {}
    for kind in dict.fromkeys(filter(None, kinds)):
        of_kind = [
            [clip for clip, own in zip(clips, kinds, strict=True) if own == kind]
            for clips in scenes
        ]
        once = np.ones((1, len(of_kind[0])), np.int64)
        aucs = [float(drawn_areas(clips, once)[0]) for clips in of_kind]
        if not np.isnan(aucs).any():
            figures[kind] = _known(aucs, _interval(of_kind, drawn_areas))
    return figures
