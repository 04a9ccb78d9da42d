"""edge-vad export: write a trained scene as one ONNX file."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console

from edge_vad.errors import BadInput, WrongUse
from edge_vad.scene_model import SceneModel
from edge_vad_export.writing import embed_card, write_model

if TYPE_CHECKING:
    import onnx

    from edge_vad.scene_model import SceneCard


@click.command("export")
@click.argument("trained", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The ONNX file; beside TRAINED and named like it by default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
def export(trained: Path, out: Path | None, as_json: bool) -> None:
    """Write a trained scene as one ONNX file, and prove it on real frames.

    TRAINED is the folder of a training, or a scene model, scene.onnx, to make another of.
    """
    out = out or _beside(trained)
    if out.is_dir():
        raise BadInput(f"{out} is a folder", "give --out the name of a file, such as scene.onnx")
    if is_scene_model(trained):
        model = SceneModel.read(trained)
        raise WrongUse(f"{model.path} is a scene model already", "say what to make of it")
    graph, card = _from_training(trained)
    embed_card(graph, card)
    try:
        write_model(graph, out)
    except OSError as error:
        raise BadInput(
            f"{out} cannot be written ({error.strerror})", "give an --out that can be written"
        ) from None
    SceneModel.read(out)
    parity = card.parity
    assert parity is not None  # noqa: S101 - measured above
    if as_json:
        click.echo(msgspec.json.encode({"scene": str(out), "parity": parity}))
        return
    click.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB, {card.precision}")
    click.echo(
        f"against PyTorch on {parity.frames} held-back frames: energy maps within "
        f"{parity.energy_relative_error:.1e} (relative), scores within "
        f"{parity.score_absolute_error:.1e}"
    )
    click.echo(f"\nnext: edge-vad run {shlex.quote(str(out))} SOURCE --out watched")


def is_scene_model(trained: Path) -> bool:
    """Whether it is an ONNX file, and not a training."""
    return trained.suffix == ".onnx" and trained.is_file()


def _from_training(trained: Path) -> tuple[onnx.ModelProto, SceneCard]:
    """Build the graph of a training and hold it to PyTorch."""
    # A machine that only builds engines has neither torch nor onnx.
    from edge_vad_export.graph import build_graph
    from edge_vad_export.parity import demand_parity, measure_parity
    from edge_vad_train.checkpoint import load_trained

    scene = load_trained(trained)
    with Console(stderr=True).status("building the graph"):
        graph = build_graph(scene)
        parity = measure_parity(scene, graph)
    demand_parity(parity)
    return graph, msgspec.structs.replace(scene.card, parity=parity)


def _beside(trained: Path) -> Path:
    """The ONNX file beside a scene, named like it."""
    if trained.is_file():
        return trained.with_suffix(".onnx")
    folder = trained if trained.name not in ("", "..") else trained.resolve()
    return folder.with_name(f"{folder.name}.onnx")
