"""The options of edge-vad export that are about engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import click

from edge_vad.device.tensorrt import Target
from edge_vad.engine_file import MOST_FRAMES, MOST_MIB, BatchProfile, EngineOptions
from edge_vad.errors import WrongUse
from edge_vad_export.options import adding


@dataclass(frozen=True)
class EngineChoice:
    """An engine that was asked for.

    Attributes:
        target: What builds and runs it.
        compute_capability: Of the device; that of this machine's when None.
        options: What was chosen for the build.
        dry_run: Whether to say only what would be built.
    """

    target: Target
    compute_capability: str | None
    options: EngineOptions
    dry_run: bool


def chosen_engine(
    *,
    engine: bool,
    target: Target | None,
    compute_capability: str | None,
    batch: BatchProfile | None,
    workspace_mib: int | None,
    tf32: bool,
    dry_run: bool,
) -> EngineChoice | None:
    """The engine that the options ask for.

    Raises:
        WrongUse: They say something of an engine, and ask for none.
    """
    if engine:
        options = EngineOptions(batch or BatchProfile(), workspace_mib, tf32)
        return EngineChoice(target or "tensorrt", compute_capability, options, dry_run)
    if target or compute_capability or batch or workspace_mib or tf32:
        raise WrongUse("these options are about engines", "add --engine")
    if dry_run:
        raise WrongUse("--dry-run says what engine would be built", "add --engine")
    return None


def _parse_batch(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> BatchProfile | None:
    if text is None:
        return None
    try:
        sizes = [int(size) for size in text.split(":")]
        if len(sizes) not in (1, 3) or min(sizes) < 1 or max(sizes) > MOST_FRAMES:
            raise ValueError("one size or three, of frames that a graph takes")
        return BatchProfile(*(sizes * 3 if len(sizes) == 1 else sizes))
    except ValueError:
        raise WrongUse(
            f"--batch {text} says no batch sizes",
            f"give one, as 4, or three that rise, as 1:4:8; {MOST_FRAMES} at most",
        ) from None


engine_options = adding(
    click.option(
        "--engine", is_flag=True, help="Build an engine of the ONNX file, for the GPU in here."
    ),
    click.option(
        "--target",
        type=click.Choice(get_args(Target)),
        help="What builds and runs the engine: TensorRT by default, or TensorRT-RTX.",
    ),
    click.option(
        "--compute-capability",
        metavar="X.Y",
        help="Build for a GPU that is elsewhere, such as 8.9; --target rtx only.",
    ),
    click.option(
        "--batch",
        metavar="N or A:B:C",
        callback=_parse_batch,
        help="Frames at once: one number, or smallest, usual and largest. 1 by default.",
    ),
    click.option(
        "--workspace-mib",
        type=click.IntRange(1, MOST_MIB),
        help="Memory that a layer may use; half of what is free by default.",
    ),
    click.option("--tf32", is_flag=True, help="Let FP32 layers round their factors to TF32."),
    click.option(
        "--dry-run", is_flag=True, help="Say what engine would be built, for what, and where."
    ),
)
"""Options about engines; the command hands what it is given to `chosen_engine`."""
