"""An evaluation as tables and sentences for a terminal."""

from __future__ import annotations

from collections.abc import Callable

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge_vad_train.evaluation.results import Evaluation, Method


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
    console.print(_methods(evaluation))
    console.print(_clips(evaluation))
    for sentence in evaluation.protocol:
        console.print(escape(sentence), style="dim")


def percent(share: float | None) -> str:
    """A share as the field writes it, or a dash.

    Example:
        >>> percent(0.9871), percent(None)
        ('98.7', '-')
    """
    return "-" if share is None else f"{100 * share:.1f}"


def _methods(evaluation: Evaluation) -> Table:
    columns = _columns(evaluation)
    table = _table("all clips, %", "score")
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for method in evaluation.methods:
        table.add_row(escape(method.name), *(value(method) for value in columns.values()))
    return table


def _columns(evaluation: Evaluation) -> dict[str, Callable[[Method], str]]:
    columns: dict[str, Callable[[Method], str]] = {
        "micro\nAUC": lambda method: percent(method.frame_level.micro_auc),
        "95%\ninterval": _interval,
        "macro\nAUC": lambda method: percent(method.frame_level.macro_auc),
        "EER": lambda method: percent(method.frame_level.eer),
    }
    if evaluation.model.pixel_level:
        columns |= {"pixel\nAUC": _pixel_auc, "marked\nprecision": _marked_precision}
    if evaluation.model.region_level:
        columns |= {"RBDC": _rbdc, "TBDC": _tbdc}
    return columns


def _interval(method: Method) -> str:
    interval = method.frame_level.micro_interval
    return "-" if interval is None else f"{percent(interval[0])}-{percent(interval[1])}"


def _pixel_auc(method: Method) -> str:
    return percent(method.pixel_level.auc if method.pixel_level else None)


def _marked_precision(method: Method) -> str:
    return percent(method.pixel_level.marked_precision if method.pixel_level else None)


def _rbdc(method: Method) -> str:
    return percent(method.region_level.rbdc if method.region_level else None)


def _tbdc(method: Method) -> str:
    return percent(method.region_level.tbdc if method.region_level else None)


def _clips(evaluation: Evaluation) -> Table:
    has_kinds = any(clip.kind for clip in evaluation.clips)
    table = _table("clip by clip", "clip")
    if has_kinds:
        table.add_column("kind", overflow="fold")
    for heading in ("frames", "anomalous", "AUC, %", "baseline"):
        table.add_column(heading, justify="right", no_wrap=True)
    for place, clip in enumerate(evaluation.clips):
        table.add_row(
            escape(clip.name),
            *([escape(clip.kind or "-")] if has_kinds else []),
            str(clip.frames),
            str(int(clip.labels.sum())),
            *(percent(method.frame_level.clip_aucs[place]) for method in evaluation.methods),
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
