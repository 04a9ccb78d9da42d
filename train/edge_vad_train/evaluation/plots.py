"""Pictures of an evaluation, as PNG files in memory."""

from __future__ import annotations

import io
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from edge_vad_train.evaluation.results import EvaluatedClip, Evaluation

_SCENES = ("#0b5cad", "#2a9d8f", "#b8630f", "#6a4c93", "#7a8b00")
_BASELINE, _ANOMALY, _QUIET = "#8a8f98", "#d1495b", "#c9ccd1"
_INK = "#2b2d31"
_DPI = 150
_COLUMNS = 3


def roc_plot(evaluation: Evaluation) -> bytes:
    """Draw the frame-level ROC of the scenes and the baselines."""
    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=_QUIET, linewidth=1, linestyle=(0, (1, 2)))
    axes.plot([0, 1], [1, 0], color=_QUIET, linewidth=1)
    axes.annotate("equal error", (0.985, 0.03), color=_BASELINE, fontsize=8, ha="right")
    curves = [
        (method, colour, 2.2, "-")
        for method, colour in zip(evaluation.fused, cycle(_SCENES), strict=False)
    ]
    lines = zip(evaluation.baselines, ("-", "--"), strict=False)
    curves += [(method, _BASELINE, 1.4, style) for method, style in lines]
    for method, colour, width, style in curves:
        false_rate, true_rate, _ = roc_curve(evaluation.labels, method.pooled_scores)
        label = f"{method.name}  {method.frame_level.micro_auc:.1%}"
        axes.plot(
            false_rate, true_rate, color=colour, linewidth=width, linestyle=style, label=label
        )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_xlabel("normal frames above the threshold")
    axes.set_ylabel("anomalous frames above the threshold")
    axes.set_title(f"{evaluation.dataset}: frames told apart", loc="left", color=_INK)
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 0.07),
        frameon=False,
        title="micro AUC",
        alignment="left",
    )
    _tidy(axes)
    return _png(figure)


def timeline_plot(evaluation: Evaluation) -> bytes:
    """Draw the raw scores over every clip, the truth shaded; all clips have one scale."""
    clips = evaluation.clips
    columns = min(_COLUMNS, len(clips))
    rows = -(-len(clips) // columns)
    figure = Figure(figsize=(max(4.2 * columns, 8), 1.5 * rows + 0.9), layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for place, (axes, clip) in enumerate(zip(panels, clips, strict=False)):
        scores = [method.scores[place] for method in evaluation.fused]
        _draw_clip(axes, clip, scores, evaluation.fused[0].frame_level.clip_aucs[place])
    for axes in panels[len(clips) :]:
        axes.set_visible(False)
    scenes = ", ".join(scene.scene for scene in evaluation.scenes)
    figure.suptitle(
        f"{scenes} on {evaluation.dataset}: raw score, anomalous frames shaded",
        color=_INK,
        fontsize=11,
    )
    figure.supxlabel("frame", color=_INK, fontsize=9)
    return _png(figure)


def _draw_clip(
    axes: Axes, clip: EvaluatedClip, scenes: list[tuple[float, ...]], auc: float | None
) -> None:
    for start, stop in clip.anomalous:
        axes.axvspan(start - 0.5, stop - 0.5, color=_ANOMALY, alpha=0.18, linewidth=0)
    for scores, colour in zip(scenes, cycle(_SCENES), strict=False):
        axes.plot(np.arange(clip.frames), scores, color=colour, linewidth=1.2)
    axes.set_xlim(-0.5, clip.frames - 0.5)
    name = clip.name if clip.kind is None or clip.kind in clip.name else f"{clip.name} {clip.kind}"
    axes.set_title(
        name if auc is None or len(scenes) > 1 else f"{name}   AUC {auc:.1%}",
        loc="left",
        fontsize=9,
        color=_INK,
    )
    _tidy(axes)


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_QUIET)
    axes.tick_params(colors=_INK, labelsize=8, length=3)
    axes.grid(visible=True, axis="y", color=_QUIET, linewidth=0.4, alpha=0.6)
    axes.set_axisbelow(True)


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(file, format="png", dpi=_DPI, facecolor="white")
    return file.getvalue()
