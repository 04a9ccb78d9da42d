"""A comparison as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge_vad.scene_model import Comparison

_GAIN = 1.05
"""From how many times the speed on one may call it a gain."""


def print_comparisons(proof: Sequence[Comparison]) -> None:
    """Print the reference's row and one for each that was held to it."""
    reference = proof[0]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("precision and backend")
    for heading in _figures(reference, reference):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in proof:
        name = escape(f"{row.precision} {row.backend} {row.device}")
        table.add_row(name, *_figures(row, reference).values())
    console = Console()
    console.print(table)
    for row in proof[1:]:
        speed = reference.milliseconds / row.milliseconds
        if speed < _GAIN:
            console.print(
                f"{row.precision} on {escape(row.device)} gains no time here: {speed:.2f} times "
                "the speed of single precision"
            )
    console.print(
        f"on {reference.frames} frames; the largest errors of any cell and any score, and over the "
        "largest value there is; score shift in calibrated units; ms a frame, the graph alone, run "
        "turn by turn",
        style="dim",
    )


def _figures(row: Comparison, reference: Comparison) -> dict[str, str]:
    """What stands in a row, by the headings of the columns."""
    correlation = "-" if row.rank_correlation is None else f"{row.rank_correlation:.5f}"
    speed = reference.milliseconds / row.milliseconds
    figures = {
        "map error\n(relative)": f"{row.map_error:.2g}\n({row.map_relative_error:.1e})",
        "score error\n(relative)": f"{row.score_error:.2g}\n({row.score_relative_error:.1e})",
        "score\nshift": f"{row.score_shift:.2g}",
        "rank\ncorr.": correlation,
    }
    if row.auc is not None and row.auc_drop is not None:
        figures["AUC %\n(drop)"] = f"{100 * row.auc:.2f}\n({100 * row.auc_drop:+.2f})"
    return figures | {"ms\n(speed)": f"{row.milliseconds:.2f}\n({speed:.2f}x)"}
