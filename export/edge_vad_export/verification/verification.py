"""Compares a scene with its reference: on what, with what, and how far off one may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from edge_vad.cli.console import progress
from edge_vad.errors import CheckFailed
from edge_vad.frame import CameraPicture
from edge_vad.scene_model import Comparison, SceneModel
from edge_vad_export.verification.comparison import (
    MAX_AUC_DROP,
    MAX_SCORE_SHIFT,
    Runner,
    compare_backends,
)
from edge_vad_export.verification.runners import open_engine, open_reference
from edge_vad_export.verification.samples import PreparedSample, read_labelled, sample_footage

VERIFICATION_FRAMES = 500
MAX_MOTION_AUC_DROP = 0.002
"""With motion inside, which is the same motion."""


@dataclass(frozen=True)
class VerificationFootage:
    """What a scene model is proved on.

    Attributes:
        frames: Ordinary footage: sources or the folder of a data set.
        labels: A data set with the truth; taken whole, before `frames`.
        form: Its format.
        camera: The camera's own picture, which samples carry, too, where a graph takes that.
    """

    frames: tuple[str, ...] = ()
    labels: str | None = None
    form: str = "auto"
    camera: CameraPicture | None = None

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return bool(self.frames) or self.labels is not None

    def samples(self, model: SceneModel) -> Iterator[PreparedSample]:
        """Prepare its frames.

        Raises:
            WrongUse: There is no such source or data set.
            BadInput: It cannot be read, or has no labels.
        """
        if self.labels is None:
            return sample_footage(model, self.frames, VERIFICATION_FRAMES, self.camera)
        from edge_vad_train.datasets import open_dataset
        from edge_vad_train.evaluation.truth import gather_truth

        truth = gather_truth(open_dataset(self.labels, self.form))
        return read_labelled(model, truth, self.camera)


def gates_of(kind: str, max_auc_drop: float, max_score_shift: float) -> Gates:
    """How far off what is made may be; with motion inside, AUC by `MAX_MOTION_AUC_DROP` at most."""
    most = MAX_MOTION_AUC_DROP if kind == "motion" else max_auc_drop
    return Gates(min(max_auc_drop, most), max_score_shift)


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


@dataclass(frozen=True)
class Verification:
    """Frames to compare on, what to compare with, and how far off one may be.

    Attributes:
        reference: The scene in single precision.
        footage: What it is compared on.
        gates: How far off one may be.
        samples: What it is compared on where no footage was given.
    """

    reference: SceneModel
    footage: VerificationFootage
    gates: Gates
    samples: tuple[PreparedSample, ...] = ()

    def run(
        self,
        open_others: Callable[[ExitStack], Iterable[Runner]],
        doing: str = "comparing",
    ) -> tuple[Comparison, ...]:
        """Run the reference and others on the frames; see `compare_backends`.

        Args:
            open_others: Opens what is compared.
            doing: Words beside the bar.
        """
        with ExitStack() as opened, progress(doing, None) as advance:
            others = [*open_others(opened)]
            reference = open_reference(self.reference, opened)
            return compare_backends(reference, others, self.frames(), advance)

    def frames(self) -> Iterable[PreparedSample]:
        """What is compared on."""
        return self.footage.samples(self.reference) if self.footage.given else self.samples

    def verify_engine(self, model: SceneModel, engine: Path) -> tuple[Comparison, ...]:
        """Run an engine of a scene model that is for this device.

        Raises:
            CheckFailed: It is beyond the gates.
        """
        proof = self.run(lambda opened: [open_engine(model, engine, opened)])
        refused = self.gates.why_refused(proof)
        if refused:
            raise CheckFailed(refused, "build it again, or keep to ONNX Runtime")
        return proof
