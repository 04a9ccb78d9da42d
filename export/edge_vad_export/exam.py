"""What a scene is held to, in every precision and on every backend."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from edge_vad.cli.console import progress
from edge_vad.errors import CheckFailed
from edge_vad.scene_model import Comparison, SceneModel
from edge_vad_export.contestants import open_engine, open_reference
from edge_vad_export.footage import Seen
from edge_vad_export.options import Gates, ProofFootage
from edge_vad_export.proof import Contestant, prove


@dataclass(frozen=True)
class Exam:
    """Frames to compare on, what to compare with, and how far off one may be.

    Attributes:
        reference: The scene in single precision.
        footage: What it is compared on.
        gates: How far off one may be.
        samples: What it is compared on where no footage was given.
    """

    reference: SceneModel
    footage: ProofFootage
    gates: Gates
    samples: tuple[Seen, ...] = ()

    def hold(
        self,
        open_others: Callable[[ExitStack], Iterable[Contestant]],
        doing: str = "comparing",
    ) -> tuple[Comparison, ...]:
        """Run the reference and others on the frames; see `prove`.

        Args:
            open_others: Opens what is compared.
            doing: Words beside the bar.
        """
        with ExitStack() as opened, progress(doing, None) as advance:
            others = [*open_others(opened)]
            frames = self.footage.watch(self.reference) if self.footage.given else self.samples
            return prove(open_reference(self.reference, opened), others, frames, advance)

    def pass_engine(self, model: SceneModel, engine: Path) -> tuple[Comparison, ...]:
        """Run an engine of a scene model that is for this device.

        Raises:
            CheckFailed: It is beyond the gates.
        """
        proof = self.hold(lambda opened: [open_engine(model, engine, opened)])
        refused = self.gates.why_refused(proof)
        if refused:
            raise CheckFailed(refused, "build it again, or keep to ONNX Runtime")
        return proof
