"""edge-vad eval: measure a scene on labelled footage."""

from __future__ import annotations

import shlex
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import product
from pathlib import Path

import click
import msgspec
from rich.console import Console

from edge_vad.backends import BACKENDS
from edge_vad.cli.console import check_rate, progress, staged
from edge_vad.cli.options import IGNORE_HELP, fps_option, ignore_option
from edge_vad.errors import WrongUse
from edge_vad.motion.pace import scored_of
from edge_vad.preprocessing.regions import Polygon, describe_regions, write_regions
from edge_vad.scene_model import SceneCard, SceneModel
from edge_vad_train.datasets import Clip, Dataset, open_dataset
from edge_vad_train.datasets.synthetic import open_nuisances
from edge_vad_train.datasets.ucsd import UcsdClip
from edge_vad_train.datasets.video import VideoClip
from edge_vad_train.evaluation.evaluate import evaluate as measure
from edge_vad_train.evaluation.false_alarm_rates import measure_false_alarms
from edge_vad_train.evaluation.plots import roc_plot, timeline_plot
from edge_vad_train.evaluation.results import Evaluation
from edge_vad_train.evaluation.scoring import leaders
from edge_vad_train.evaluation.stream_backend import load_with_streams
from edge_vad_train.evaluation.table import print_evaluation, print_false_alarms
from edge_vad_train.evaluation.truth import Truth, gather_truth

_EXAMPLES = """\b
Examples:
  edge-vad eval ped2.onnx UCSDped2 --pixel
  edge-vad eval seed1.onnx seed2.onnx seed3.onnx UCSDped2
  edge-vad eval street.onnx 'test://street?seed=7' --format synthetic
  edge-vad eval street.onnx monday.mp4 tuesday.mp4 --normal --false-alarms 6/hour
  edge-vad eval street.onnx 'test://street?seed=7' --nuisances --false-alarms 6/hour
"""

FILES = ("eval.json", "roc.png", "timeline.png")
NORMAL_FILE = "false_alarms.json"
_SCENE = ".onnx"


@click.command("eval", epilog=_EXAMPLES)
@click.argument("places", nargs=-1, required=True, metavar="SCENES... ROOTS...")
@click.option(
    "--format",
    "form",
    type=click.Choice(("auto", "ucsd", "avenue", "synthetic")),
    default="auto",
    show_default=True,
    help="How ROOTS are laid out; auto tells ucsd from avenue.",
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
    "--normal",
    is_flag=True,
    help="ROOTS are footage where nothing happens: count the alarms, all of them false.",
)
@fps_option
@click.option(
    "--nuisances",
    is_flag=True,
    help="The same on the simulated street at ROOTS, steady and with each nuisance.",
)
@click.option(
    "--false-alarms",
    help="The promised rate to measure, with --normal or --nuisances; by default the rarest one "
    "that the footage of each scene's training could show.",
)
@ignore_option(IGNORE_HELP)
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
    places: tuple[str, ...],
    form: str,
    out: Path | None,
    kinds: tuple[str, ...],
    pixel: bool,
    regions: bool,
    normal: bool,
    fps: float | None,
    nuisances: bool,
    false_alarms: str | None,
    ignore: tuple[Polygon, ...],
    backend: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Measure the scene models SCENES on the labelled test clips at ROOTS.

    SCENES end in .onnx. ROOTS is a data set's folder, or with --format synthetic a street such as
    test://street?seed=7; with --normal any recordings. Several scenes are the seeds of one
    training: the table then gives their mean and the worst. Beside the scenes stand their single
    streams, and baselines that have learnt nothing. Writes eval.json, roc.png and timeline.png.

    With --normal or --nuisances the promised and the measured rate of false alarms stand side by
    side, scene by scene. Writes false_alarms.json, which holds a list when there are several.
    """
    scenes, roots = _split(places)
    models = [SceneModel.read(scene) for scene in scenes]
    folder = out or scenes[0].with_name(f"{scenes[0].stem}-eval")
    if normal or nuisances:
        if kinds or pixel or regions:
            raise WrongUse(
                "normal footage has no anomalies to tell or to find",
                "leave out --kind, --pixel and --regions",
            )
        if nuisances:
            footage = open_nuisances(_only_one(roots))
        else:
            footage = open_dataset(roots, "video" if form == "auto" else form, fps)
        _evaluate_normal(models, footage, false_alarms, ignore, backend, folder, as_json)
        return
    if false_alarms:
        raise WrongUse("--false-alarms is measured on normal footage", "add --normal")
    truth = gather_truth(_only(open_dataset(_only_one(roots), form), kinds), masks=pixel or regions)
    with staged(folder) as outputs:
        evaluation = _measure(models, truth, ignore, backend, threads, pixel, regions)
        _write(evaluation, outputs.staging)
    if as_json:
        click.echo(evaluation.encode())
        return
    print_evaluation(evaluation, Console(highlight=False))
    _print_ignored(models)
    click.echo(f"\nwritten to {folder}: {', '.join(FILES)}")
    clip = next(each.clip for each in truth.clips if each.labels.any())
    command = _run_command(scenes[0], clip, *write_regions(ignore))
    click.echo(f"to see it at work:\n  {command}")


def _split(places: tuple[str, ...]) -> tuple[list[Path], list[str]]:
    """Scenes and what they are measured on."""
    scenes = [Path(place) for place in places if place.lower().endswith(_SCENE)]
    roots = [place for place in places if not place.lower().endswith(_SCENE)]
    if not scenes or not roots:
        raise WrongUse(
            "there is nothing to measure", f"give scenes, which end in {_SCENE}, and footage"
        )
    return scenes, roots


def _only_one(roots: list[str]) -> str:
    if len(roots) > 1:
        raise WrongUse(
            f"{len(roots)} places are given, and a data set is one", "give one, or add --normal"
        )
    return roots[0]


def _evaluate_normal(
    models: list[SceneModel],
    footage: Dataset,
    rate: str | None,
    ignore: tuple[Polygon, ...],
    backend: str,
    folder: Path,
    as_json: bool,
) -> None:
    name, clips = footage.name, footage.train
    inputs = len(set(leaders([model.card for model in models])))
    length = (_length(clips, models[0].card) or 0) * inputs or None
    with staged(folder) as outputs, progress(f"scoring {name}", length) as advance:
        measured = measure_false_alarms(
            models, clips, name, rate, ignore=ignore, backend=backend, on_frame=advance
        )
        answer = msgspec.json.encode(measured if len(measured) > 1 else measured[0])
        (outputs.staging / NORMAL_FILE).write_bytes(answer)
    if as_json:
        click.echo(answer)
        return
    for each in measured:
        print_false_alarms(each, Console(highlight=False))
    _print_ignored(models)
    scene, clip = max(
        product(range(len(models)), range(len(clips))),
        key=lambda place: measured[place[0]].clips[place[1]].per_hour,
    )
    words = ["--false-alarms", measured[scene].promised, *write_regions(ignore)]
    click.echo(f"\nwritten to {folder}: {NORMAL_FILE}")
    click.echo(f"to see the alarms:\n  {_run_command(models[scene].path, clips[clip], *words)}")


def _print_ignored(models: list[SceneModel]) -> None:
    """Print what of the picture the scenes leave out."""
    for text in sorted({describe_regions(model.card.ignored) for model in models} - {""}):
        click.echo(text)


def _length(clips: tuple[Clip, ...], card: SceneCard) -> int | None:
    """About how many frames are scored; says what is wrong with a clip before any work is done."""
    lengths = []
    for clip in clips:
        with clip.open() as source:
            check_rate(source, card)
            lengths.append(scored_of(source.length, source.fps, card.fps))
    return None if None in lengths else sum(filter(None, lengths))


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
    models: list[SceneModel],
    truth: Truth,
    ignore: tuple[Polygon, ...],
    backend: str,
    threads: int | None,
    pixel: bool,
    regions: bool,
) -> Evaluation:
    with ExitStack() as opened:
        scenes = [
            (model, opened.enter_context(closing(load_with_streams(model, backend, threads))))
            for model in models
        ]
        advance = opened.enter_context(progress(f"scoring {truth.dataset}", truth.frames))
        return measure(scenes, truth, ignore=ignore, pixel=pixel, regions=regions, on_frame=advance)


def _write(evaluation: Evaluation, folder: Path) -> None:
    contents = evaluation.encode(), roc_plot(evaluation), timeline_plot(evaluation)
    for name, content in zip(FILES, contents, strict=True):
        (folder / name).write_bytes(content)


def _run_command(scene: Path, clip: Clip, *more: str) -> str:
    """How to run a scene on a clip."""
    address = str(clip.spec) if isinstance(clip, VideoClip) else "SOURCE"
    if isinstance(clip, UcsdClip):
        address += f"?fps={clip.fps:g}"
    return shlex.join(["edge-vad", "run", str(scene), address, "--out", "watched", *more])
