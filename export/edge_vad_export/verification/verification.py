"""Compares a scene with its reference, in every precision and on every backend."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from edge_vad.cli.console import progress
from edge_vad.errors import CheckFailed
from edge_vad.scene_model import Comparison, SceneModel
from edge_vad_export.verification.comparison import Runner, compare_backends
from edge_vad_export.verification.gates import Gates, VerificationFootage
from edge_vad_export.verification.runners import open_engine, open_reference
from edge_vad_export.verification.samples import PreparedSample


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
