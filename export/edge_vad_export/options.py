"""Options of what a scene model is compared on, and how far off it may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from edge_vad.cli.quantities import NumberRange
from edge_vad_export.verification.comparison import MAX_AUC_DROP, MAX_SCORE_SHIFT

Function = TypeVar("Function", bound=Callable[..., Any])


def adding(*options: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """A decorator that adds options to a command, in their order."""

    def add(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return add


comparison_options = adding(
    click.option(
        "--frames",
        metavar="SOURCE",
        multiple=True,
        help="Footage to compare on; may be given several times.",
    ),
    click.option(
        "--labels",
        metavar="DATASET",
        help="A data set with the truth: compare on its test clips, and measure the AUC too.",
    ),
    click.option(
        "--format",
        "form",
        # The data sets' package is not imported for a list of four words.
        type=click.Choice(("auto", "video", "ucsd", "avenue", "synthetic")),
        default="auto",
        show_default=True,
        help="How the data set of --labels is laid out.",
    ),
    click.option(
        "--max-auc-drop",
        type=NumberRange(min=0),
        default=MAX_AUC_DROP,
        show_default=True,
        help="Fail when the frame-level AUC, 0 to 1, drops by more.",
    ),
    click.option(
        "--max-score-shift",
        type=NumberRange(min=0),
        default=MAX_SCORE_SHIFT,
        show_default=True,
        help="Fail when a frame's score shifts by more; 1 is the spread of ordinary frames.",
    ),
)
"""Options of what is compared on, and of how far off a scene model may be."""
