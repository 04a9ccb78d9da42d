"""edge-vad eval: measure a scene on labelled footage."""

from __future__ import annotations

import shlex
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from edge_vad.backends import BACKENDS, load_backend
from edge_vad.cli.console import progress, staged
from edge_vad.cli.options import scene_argument
from edge_vad.errors import WrongUse
from edge_vad.scene_model import SceneModel
from edge_vad_train.datasets import Clip, Dataset, open_dataset
from edge_vad_train.datasets.avenue import AvenueClip
from edge_vad_train.datasets.synthetic import StreetClip
from edge_vad_train.datasets.ucsd import UcsdClip
from edge_vad_train.evaluation.evaluate import evaluate as measure
from edge_vad_train.evaluation.pictures import roc_picture, timeline_picture
from edge_vad_train.evaluation.results import Evaluation
from edge_vad_train.evaluation.table import print_evaluation
from edge_vad_train.evaluation.truth import Truth, gather_truth

_EXAMPLES = """\b
Examples:
  edge-vad eval ped2.onnx UCSDped2 --pixel
  edge-vad eval street.onnx 'test://street?seed=7' --format synthetic
"""

FILES = ("eval.json", "roc.png", "timeline.png")


@click.command("eval", epilog=_EXAMPLES)
@scene_argument
@click.argument("root")
@click.option(
    "--format",
    "form",
    type=click.Choice(("auto", "ucsd", "avenue", "synthetic")),
    default="auto",
    show_default=True,
    help="How ROOT is laid out; auto tells ucsd from avenue.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder to write to; SCENE-eval beside the scene by default.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    help="Only the clips with this kind of anomaly; may be given several times.",
)
@click.option("--pixel", is_flag=True, help="Measure also whether anomalies are found in place.")
@click.option("--regions", is_flag=True, help="Measure also RBDC and TBDC, which takes minutes.")
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    default=BACKENDS[0],
    show_default=True,
    help="What runs the scene model.",
)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads; all cores by default.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
def evaluate(
    scene: Path,
    root: str,
    form: str,
    out: Path | None,
    kinds: tuple[str, ...],
    pixel: bool,
    regions: bool,
    backend: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Measure the scene model SCENE on the labelled test clips at ROOT.

    ROOT is a data set's folder, or with --format synthetic a street such as test://street?seed=7.
    Beside the scene stands a baseline that has learnt nothing: the speed in a box. Writes
    eval.json, roc.png and timeline.png.
    """
    model = SceneModel.read(scene)
    truth = gather_truth(_only(open_dataset(root, form), kinds), masks=pixel or regions)
    folder = out or scene.with_name(f"{scene.stem}-eval")
    with staged(folder) as outputs:
        evaluation = _measure(model, truth, backend, threads, pixel, regions)
        _write(evaluation, outputs.staging)
    if as_json:
        click.echo(evaluation.encode())
        return
    print_evaluation(evaluation, Console(highlight=False))
    click.echo(f"\nwritten to {folder}: {', '.join(FILES)}")
    click.echo(f"to see it at work:\n  {_next_command(scene, truth)}")


def _only(dataset: Dataset, kinds: tuple[str, ...]) -> Dataset:
    """The data set with the test clips of these kinds alone; all of them when none is named."""
    known = sorted({clip.kind for clip in dataset.test if clip.kind})
    unknown = [kind for kind in kinds if kind not in known]
    if unknown:
        raise WrongUse(
            f"{dataset.name} has no test clip of kind {unknown[0]!r}",
            f"choose from: {', '.join(known)}" if known else "leave out --kind",
        )
    test = tuple(clip for clip in dataset.test if not kinds or clip.kind in kinds)
    return replace(dataset, test=test)


def _measure(
    model: SceneModel,
    truth: Truth,
    backend: str,
    threads: int | None,
    pixel: bool,
    regions: bool,
) -> Evaluation:
    with (
        closing(load_backend(model, backend, threads=threads)) as runner,
        progress(f"scoring {truth.dataset}", truth.frames) as advance,
    ):
        return measure(model, runner, truth, pixel=pixel, regions=regions, on_frame=advance)


def _write(evaluation: Evaluation, folder: Path) -> None:
    contents = evaluation.encode(), roc_picture(evaluation), timeline_picture(evaluation)
    for name, content in zip(FILES, contents, strict=True):
        (folder / name).write_bytes(content)


def _next_command(scene: Path, truth: Truth) -> str:
    clip = next(each.clip for each in truth.clips if each.labels.any())
    return shlex.join(["edge-vad", "run", str(scene), _address(clip), "--out", "watched"])


def _address(clip: Clip) -> str:
    """What `edge-vad run` calls a clip."""
    if isinstance(clip, UcsdClip):
        return str(clip.folder)
    if isinstance(clip, AvenueClip):
        return str(clip.video)
    return clip.url if isinstance(clip, StreetClip) else "SOURCE"
