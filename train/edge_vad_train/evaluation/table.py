"""An evaluation as tables and sentences for a terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge_vad.false_alarms import describe_hours, describe_rate
from edge_vad_train.evaluation.false_alarm_rates import NormalEvaluation
from edge_vad_train.evaluation.results import Evaluation
from edge_vad_train.evaluation.rows import Figure


def print_evaluation(evaluation: Evaluation, console: Console) -> None:
    """Print what was measured, on what and how."""
    clips = evaluation.clips
    frames, plural = len(evaluation.labels), "s" * (len(clips) > 1)
    console.print(
        f"{escape(evaluation.dataset)}: {len(clips)} clip{plural}, {frames} frames, "
        f"{int(evaluation.labels.sum())} of them anomalous",
        style="bold",
    )
    if evaluation.left_out:
        console.print(f"without labels and left out: {escape(', '.join(evaluation.left_out))}")
    if len(evaluation.scenes) > 1:
        names = ", ".join(scene.scene for scene in evaluation.scenes)
        console.print(f"scenes: {escape(names)}", soft_wrap=True)
    console.print(_rows(evaluation))
    if evaluation.rows[0].kinds:
        console.print(_kinds(evaluation))
    console.print(_clips(evaluation))
    for sentence in evaluation.protocol:
        console.print(escape(sentence), style="dim")


def print_false_alarms(measured: NormalEvaluation, console: Console) -> None:
    """Print promised and measured rates of false alarms side by side."""
    console.print(f"{escape(measured.dataset)}: alarms on normal footage, all of them false")
    console.print(f"scene: {escape(measured.scene)}, promised: {escape(measured.promised)}")
    has_nuisances = any(clip.nuisance for clip in measured.clips)
    table = _table("alarms an hour", "nuisance" if has_nuisances else "footage")
    for heading in ("hours", "alarms", "promised", "measured", "95%\ninterval", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for clip in measured.clips:
        low, high = clip.interval
        table.add_row(
            escape(clip.nuisance or clip.name),
            f"{clip.hours:.2g}",
            str(len(clip.alarms)),
            f"{measured.promised_per_hour:.3g}",
            f"{clip.per_hour:.3g}",
            f"{low:.2g}-{high:.3g}",
            f"{clip.ratio:.2g}",
            style="bold red" if low > measured.promised_per_hour else None,
        )
    console.print(table)
    for clip in measured.clips:
        text = f"highest sustained score {clip.highest_score:.3g}, {clip.rarity}"
        console.print(escape(f"{clip.nuisance or clip.name}: {text}"), style="dim")
    console.print(_trust(measured), style="dim")


def _trust(measured: NormalEvaluation) -> str:
    hours = describe_hours(measured.normal_hours)
    text = f"The threshold {measured.threshold:.3g} stands on {hours} of normal footage"
    if measured.threshold_extrapolated:
        text += f", which can show rates down to {describe_rate(1 / measured.normal_hours)}"
        text += ": it is extrapolated"
    return (
        f"{text}. Interval: the rates that so little footage allows (Garwood 1936). A row stands "
        "out where even the lowest of them is above what was promised."
    )


def percent(share: float | None) -> str:
    """A share as the field writes it, or a dash.

    Example:
        >>> percent(0.9871), percent(None)
        ('98.7', '-')
    """
    return "-" if share is None else f"{100 * share:.1f}"


def _rows(evaluation: Evaluation) -> Table:
    columns = _columns(evaluation)
    several = len(evaluation.scenes) > 1
    table = _table("all clips, %; 95%: interval over clips", "score")
    has_cost = any(row.gmac for row in evaluation.rows)
    if has_cost:
        table.add_column("GMAC", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in evaluation.rows:
        lines = ["mean", *["worst"] * (row.scenes > 1), "95%"]
        labels = ["" if what == "mean" and not several else what for what in lines]
        figures: list[Figure | None] = [getattr(row, name) for name in columns.values()]
        cost = "-" if row.gmac is None else f"{row.gmac:.2f}"
        table.add_row(
            escape(row.name),
            *([cost] if has_cost else []),
            "\n".join(labels),
            *("\n".join(_told(each)[what] for what in lines) if each else "-" for each in figures),
        )
        table.add_section()
    return table


def _told(figure: Figure) -> dict[str, str]:
    """What is said of a figure, by the heading."""
    interval = figure.interval and "-".join(map(percent, figure.interval))
    return {"mean": percent(figure.mean), "worst": percent(figure.worst), "95%": interval or ""}


def _columns(evaluation: Evaluation) -> dict[str, str]:
    """Which figures of a row are shown, by their headings."""
    columns = {"micro\nAUC": "micro_auc", "macro\nAUC": "macro_auc", "EER": "eer"}
    if evaluation.rows[0].pixel_auc:
        columns |= {"pixel\nAUC": "pixel_auc", "pixel\nprec.": "marked_precision"}
    if evaluation.rows[0].rbdc:
        columns |= {"RBDC": "rbdc", "TBDC": "tbdc"}
    return columns


def _kinds(evaluation: Evaluation) -> Table:
    """AUC by kind of anomaly, one column a way to score."""
    table = _table("AUC by kind of anomaly, %", "kind")
    table.add_column("clips", justify="right")
    first = evaluation.rows[0]
    has_intervals = any(figure.interval for figure in first.kinds.values())
    shown = ["mean", *["worst"] * (first.scenes > 1), *["95%"] * has_intervals]
    for heading in (first.name, *shown[1:], *(row.name for row in evaluation.rows[1:])):
        table.add_column(escape(heading), justify="right", overflow="fold")
    for kind, figure in first.kinds.items():
        others = [row.kinds.get(kind) for row in evaluation.rows[1:]]
        table.add_row(
            escape(kind),
            str(sum(clip.kind == kind for clip in evaluation.clips)),
            *(_told(figure)[what] or "-" for what in shown),
            *(percent(other.mean) if other else "-" for other in others),
        )
    return table


def _clips(evaluation: Evaluation) -> Table:
    has_kinds = any(clip.kind for clip in evaluation.clips)
    table = _table("clip by clip", "clip")
    if has_kinds:
        table.add_column("kind", overflow="fold")
    for heading in ("frames", "anomalous", "AUC, %", "baseline"):
        table.add_column(heading, justify="right", no_wrap=True)
    for place, clip in enumerate(evaluation.clips):
        aucs = [method.frame_level.clip_aucs[place] for method in evaluation.fused]
        known = [auc for auc in aucs if auc is not None]
        table.add_row(
            escape(clip.name),
            *([escape(clip.kind or "-")] if has_kinds else []),
            str(clip.frames),
            str(int(clip.labels.sum())),
            percent(sum(known) / len(known) if known else None),
            percent(evaluation.baselines[0].frame_level.clip_aucs[place]),
        )
    return table


def _table(title: str, first_heading: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column(first_heading, overflow="fold")
    return table
