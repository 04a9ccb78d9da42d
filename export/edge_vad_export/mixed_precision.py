"""Mixed precision: which layers may compute in INT8 where not all of them may."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from edge_vad.scene_model import Comparison
from edge_vad_export.conversion import ConvertedScene, stage
from edge_vad_export.verification.runners import open_reference
from edge_vad_export.verification.verification import Verification

Layers = tuple[str, ...]


def choose_layers(
    make: Callable[[Layers], ConvertedScene],
    layers: Layers,
    verification: Verification,
    folder: Path,
) -> Layers:
    """Find the most layers whose INT8 is within the gates, by how much each alone costs.

    Every layer is quantised alone first. Those that are beyond the gates even so keep single
    precision. Of the others the one that shifts scores most is left out, one after another, until
    what is left is within the gates. All candidates see the same frames in the same pass.

    Args:
        make: Makes the scene model in which some layers compute in INT8.
        layers: All that may; together they are beyond the gates.
        verification: What they are held to.
        folder: For what passes.

    Returns:
        The layers in their order; none where none may.
    """

    def compare(candidates: Sequence[Layers], doing: str) -> tuple[Comparison, ...]:
        """Compare the scene with each set of layers in INT8 on ONNX Runtime's CPU; one row each."""
        if not candidates:
            return ()
        models = [stage(make(each), folder / "-".join(each)) for each in candidates]
        rows = verification.run(
            lambda opened: [(each.card.precision, open_reference(each, opened)) for each in models],
            doing,
        )
        return rows[1:]

    def passes(row: Comparison) -> bool:
        return verification.gates.why_refused((row,)) is None

    alone = compare([(layer,) for layer in layers], "measuring what each layer costs")
    costs = {
        layer: row.score_shift for layer, row in zip(layers, alone, strict=True) if passes(row)
    }
    cheapest = sorted(costs, key=costs.__getitem__)
    sizes = range(min(len(cheapest), len(layers) - 1), 1, -1)
    candidates = [tuple(each for each in layers if each in cheapest[:size]) for size in sizes]
    together = compare(candidates, "choosing layers")
    passing = (each for each, row in zip(candidates, together, strict=True) if passes(row))
    return next(passing, tuple(cheapest[:1]))
