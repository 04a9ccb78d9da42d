"""Options of what a scene model is proved on, and how far off it may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from edge_vad.scene_model import Comparison, SceneModel
from edge_vad_export.footage import Seen, watch_labelled, watch_places
from edge_vad_export.proof import MAX_AUC_DROP, MAX_SCORE_SHIFT

Function = TypeVar("Function", bound=Callable[..., Any])

PROOF_FRAMES = 500


@dataclass(frozen=True)
class ProofFootage:
    """What a scene model is proved on.

    Attributes:
        frames: Ordinary footage: sources or the folder of a data set.
        labels: A data set with the truth; taken whole, before `frames`.
        form: Its format.
    """

    frames: tuple[str, ...] = ()
    labels: str | None = None
    form: str = "auto"

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return bool(self.frames) or self.labels is not None

    def watch(self, model: SceneModel) -> Iterator[Seen]:
        """Prepare its frames.

        Raises:
            WrongUse: There is no such source or data set.
            BadInput: It cannot be read, or has no labels.
        """
        if self.labels is None:
            return watch_places(model, self.frames, PROOF_FRAMES)
        from edge_vad_train.datasets import open_dataset
        from edge_vad_train.evaluation.truth import gather_truth

        return watch_labelled(model, gather_truth(open_dataset(self.labels, self.form)))


@dataclass(frozen=True)
class Gates:
    """How far a scene model may be from single precision.

    Attributes:
        max_auc_drop: Largest drop of the frame-level AUC, where labels were given.
        max_score_shift: Largest shift of a frame's score, see `Comparison.score_shift`.
    """

    max_auc_drop: float = MAX_AUC_DROP
    max_score_shift: float = MAX_SCORE_SHIFT

    def why_refused(self, proof: tuple[Comparison, ...]) -> str | None:
        """What is beyond them; None when all is well."""
        for row in proof:
            which = f"{row.precision} on {row.backend} ({row.device})"
            if row.auc_drop is not None and row.auc_drop > self.max_auc_drop:
                return (
                    f"{which} loses {100 * row.auc_drop:.2f} points of frame-level AUC, more than "
                    f"{100 * self.max_auc_drop:g}"
                )
            if row.score_shift > self.max_score_shift:
                return (
                    f"{which} shifts scores by up to {row.score_shift:.2g}, more than "
                    f"{self.max_score_shift:g}"
                )
        return None


def footage_options(function: Function) -> Function:
    """Add the options of what is compared on."""
    # The data sets' package is not imported for a list of four words.
    formats = click.Choice(("auto", "video", "ucsd", "avenue", "synthetic"))
    options = (
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
            type=formats,
            default="auto",
            show_default=True,
            help="How the data set of --labels is laid out.",
        ),
    )
    return _with(options, function)


def gate_options(function: Function) -> Function:
    """Add the options of how far off a scene model may be."""
    options = (
        click.option(
            "--max-auc-drop",
            type=click.FloatRange(min=0),
            default=MAX_AUC_DROP,
            show_default=True,
            help="Fail when the frame-level AUC, 0 to 1, drops by more.",
        ),
        click.option(
            "--max-score-shift",
            type=click.FloatRange(min=0),
            default=MAX_SCORE_SHIFT,
            show_default=True,
            help="Fail when a frame's score shifts by more; 1 is the spread of ordinary frames.",
        ),
    )
    return _with(options, function)


def _with(options: tuple[Callable[[Function], Function], ...], function: Function) -> Function:
    for option in reversed(options):
        function = option(function)
    return function
