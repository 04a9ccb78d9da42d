"""edge-vad bench --flow-table: flow by hardware beside DIS on the CPU."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

import click
import msgspec
from rich.console import Console

from edge_vad.backends.providers import package_version
from edge_vad.errors import WrongUse
from edge_vad.files.atomic import write_whole
from edge_vad.scene_model import SceneModel
from edge_vad_bench.flow_table.labelled import add_box_auc, open_labelled
from edge_vad_bench.flow_table.measurement import measure_rows
from edge_vad_bench.flow_table.records import SCHEMA, FlowTable
from edge_vad_bench.flow_table.table import show
from edge_vad_bench.measure.device import describe_scene, read_device

FILE_NAME = "flow.json"
_PAIRS, _QUICK_PAIRS = 300, 20


def measure_flow_table(
    scenes: Sequence[Path],
    source: str,
    name: str,
    out: Path,
    labels: tuple[str, str] | None,
    *,
    quick: bool,
    on_progress: Callable[[str], None],
) -> FlowTable:
    """Measure the table, and write it.

    Args:
        scenes: One scene model.
        source: Footage that it looks at.
        name: Of the footage, for readers.
        out: Folder that `FILE_NAME` is written to.
        labels: Where a labelled data set lies, and how it is laid out; None without.
        quick: Whether some pairs suffice.
        on_progress: Called with what is being done.

    Raises:
        WrongUse: There are several scenes.
    """
    if len(scenes) != 1:
        raise WrongUse("a flow table is made for one scene", "give one scene model")
    card = SceneModel.read(scenes[0]).card
    dataset = open_labelled(*labels) if labels else None
    rows = measure_rows(card, source, _QUICK_PAIRS if quick else _PAIRS, on_progress)
    if dataset:
        rows = add_box_auc(rows, card, dataset, on_progress)
    table = FlowTable(
        schema=SCHEMA,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        edge_vad=package_version("edge-vad") or "unknown",
        device=read_device(),
        scene=describe_scene(scenes[0]),
        source=name,
        fps=card.fps,
        labels=dataset.name if dataset else None,
        rows=rows,
    )
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / FILE_NAME, msgspec.json.format(msgspec.json.encode(table), indent=1))
    return table


def print_flow_table(table: FlowTable, scene: Path, source: str, out: Path) -> None:
    """Print the table, where it was written, and the next command."""
    show(table, Console(highlight=False))
    click.echo(f"\nwritten: {out / FILE_NAME}")
    units = [row.name for row in table.rows[1:] if not row.absent]
    words = ["edge-vad", "bench", str(scene), "--source", source, "--out", str(out)]
    if units:
        words = ["edge-vad", "train", "FOOTAGE", "--flow", units[0], "--out", f"runs/{units[0]}"]
    click.echo(f"next: {shlex.join(words)}")
