"""edge-vad train: learn what is normal from ordinary footage."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from msgspec import structs

from edge_vad.cli.bulk import bulk_options
from edge_vad.cli.console import note
from edge_vad.cli.options import fps_option, ignore_option
from edge_vad.cli.record import duration_option, max_size_option
from edge_vad.cli.streams import print_next
from edge_vad.errors import Interrupted, WrongUse
from edge_vad.false_alarms import describe_rate, parse_rate
from edge_vad.preprocessing.regions import Polygon, describe_regions
from edge_vad.sources.addresses.spec import RecordingSpec, parse_spec
from edge_vad.untrusted import shown_path
from edge_vad_train.checkpoint import FILE_NAME, TrainedScene
from edge_vad_train.cli.bars import Bars
from edge_vad_train.cli.fixed_camera import warn_of_moving_camera
from edge_vad_train.cli.footage import USUAL_RUNS, TrainJob, plan_training, record_first
from edge_vad_train.cli.settings_options import settings_options
from edge_vad_train.cli.train_site import train_site
from edge_vad_train.data.footage import FrameSize
from edge_vad_train.datasets import FORMATS, open_dataset
from edge_vad_train.settings import TrainSettings
from edge_vad_train.site.making import train_planned
from edge_vad_train.site.plan import TrainPlan, take_up

_EPILOG = """\b
Examples:
  edge-vad train street.mp4 --out runs/street
  edge-vad train street.mp4:0-5000 yard.mp4 --out runs/yard
  edge-vad train rtsp://user:password@camera/stream --duration 2h --out runs/gate
  edge-vad train --config site.toml
  edge-vad train UCSDped2 --format ucsd --out runs/ped2
  edge-vad train gate.mp4 --out runs/gate --ignore '[[0, 0], [200, 0], [200, 40], [0, 40]]'
"""


_SHORT_HOURS = 1.0
"""Of footage that may be all there is."""


@click.command("train", epilog=_EPILOG)
@click.argument("sources", nargs=-1)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the trained scene; of a site's, one for each camera [default: runs].",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Site file whose cameras' footage is trained on, in place of SOURCES.",
)
@click.option("--camera", "cameras", multiple=True, help="Only this camera of the site file.")
@duration_option
@max_size_option
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="auto",
    show_default=True,
    help="How SOURCES are laid out.",
)
@click.option("--size", help="Size of the model's frame, such as 360x240; 240 rows by default.")
@settings_options
@click.option(
    "--device",
    type=click.Choice(("auto", "cpu", "cuda")),
    default="auto",
    show_default=True,
    help="Where to learn.",
)
@click.option("--strict", is_flag=True, help="Stop at a picture that cannot be read.")
@fps_option
@ignore_option("Region that is left out for good, such as a clock in the picture")
@click.option("--overwrite", is_flag=True, help="Replace a scene that is already in --out.")
@click.option(
    "--engine",
    is_flag=True,
    help="Of a site, build an engine of each scene too, where the device for it is.",
)
@bulk_options
def train(
    sources: tuple[str, ...],
    out: Path | None,
    config: Path | None,
    cameras: tuple[str, ...],
    duration: str | None,
    max_size: str,
    form: str,
    size: str | None,
    device: str,
    strict: bool,
    fps: float | None,
    ignore: tuple[Polygon, ...],
    overwrite: bool,
    engine: bool,
    workers: int | None,
    ray: str | None,
    dry_run: bool,
    **chosen: Any,
) -> None:
    """Learn what is normal from SOURCES: footage of one fixed camera on ordinary days.

    SOURCES are video files, folders of frames or of video files, or a data set. A camera is
    recorded first, as long as --duration says, into the folder footage in --out. An interrupted
    training goes on where it was when the same command is given again.

    Of a site's cameras (--config) several are trained side by side, and each scene is exported,
    verified on its footage, and told in OUT/proofs.json. What is done is not done again.

    What lies in an --ignore region is kept with the scene: every later command paints it over
    before it looks at a frame.
    """
    settings, frame = TrainSettings(**chosen), _parse_size(size)
    jobs = plan_training(sources, out, config, cameras)
    if len(jobs) > 1 and ignore:
        raise WrongUse("--ignore is for one camera", "name it with --camera")
    plan = TrainPlan([], form, frame, strict, settings, fps=fps, ignore=ignore)
    if len(jobs) > 1 or engine or workers or ray or dry_run:
        if config is None:
            raise WrongUse("these options are for a site's cameras", "name its file by --config")
        if duration is not None:
            raise WrongUse("--duration is for a camera", "leave it out: all footage is used")
        scenes = [each.for_site(plan, device, engine, overwrite) for each in jobs]
        train_site(config, scenes, out or USUAL_RUNS, workers, ray, dry_run)
        return
    job = jobs[0]
    if (job.out / FILE_NAME).exists() and not overwrite:
        if config is None:
            raise WrongUse(
                f"{job.out} already holds a trained scene",
                "give another --out, or add --overwrite",
            )
        note(f"{job.out} already holds a trained scene; --overwrite trains it again")
        return
    plan = structs.replace(plan, sources=list(record_first(job, duration, max_size)))
    _summarise(_train(plan, job.out, device, overwrite), job, plan.sources)


def _train(plan: TrainPlan, out: Path, device: str, overwrite: bool) -> TrainedScene:
    """Train one scene; interrupted, it goes on another time.

    Raises:
        Interrupted: Ctrl-C was pressed.
    """
    dataset = open_dataset(plan.sources, plan.form, plan.fps)
    if take_up(out, plan, overwrite):
        note(f"going on with the training that was interrupted in {out}")
    try:
        warn_of_moving_camera(dataset.train, Bars())
        return train_planned(plan, dataset.train, out, device, Bars())
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; progress is kept in {out}", "give the same command again to go on"
        ) from None


def _parse_size(text: str | None) -> FrameSize | None:
    if text is None:
        return None
    try:
        width, height = (int(side) for side in text.split("x"))
    except ValueError:
        width = height = 0
    if not (64 <= width <= 4096 and 64 <= height <= 4096) or width % 4 or height % 4:
        raise WrongUse(
            f"{text!r} is no size of frames",
            "give width and height such as 360x240, from 64 to 4096 and both divisible by 4",
        )
    return FrameSize(height, width)


def _summarise(scene: TrainedScene, job: TrainJob, footage: Sequence[str]) -> None:
    card = scene.card
    normal = card.normal
    click.echo(
        f"learnt from {card.training.frames} frames at {card.width}x{card.height}, "
        f"{card.fps:.3g} frames a second"
    )
    if ignored := describe_regions(card.ignored):
        click.echo(ignored)
    click.echo(
        f"thresholds come from {normal.frames} of them; one alarm in all of them would be "
        f"{describe_rate(1 / normal.hours)}"
    )
    click.echo(normal.footing(parse_rate(normal.default_rate)))
    if normal.hours < _SHORT_HOURS and (hint := _hint_of_halves(footage, job)):
        click.echo(hint)
    words = ["edge-vad", "export", str(job.out), "--out", str(job.onnx)]
    if rest := _rest_of(footage):  # the export is compared on it, and names it in what comes next
        words += ["--frames", rest]
    print_next(shlex.join(words))


def _rest_of(footage: Sequence[str]) -> str:
    """What of the recording was not learnt from, where a part of one is all there is."""
    spec = _only_file(footage)
    if spec is None or spec.is_whole:
        return ""
    stop = spec.part.stop if spec.part else spec.frames.stop
    return f"{spec.path}:{stop}-" if stop else ""


def _hint_of_halves(footage: Sequence[str], job: TrainJob) -> str:
    """How to keep a part to try the scene on, where one recording is all there is."""
    spec = _only_file(footage)
    if spec is None or not spec.is_whole:
        return ""
    words = ["edge-vad", "train", f"{spec.path}:0-50%", "--out", str(job.out), "--overwrite"]
    return (
        f"all of {shown_path(spec.path)} was learnt from; if there is no other footage, learn from "
        f"its first half and try the scene on the other:\n  {shlex.join(words)}"
    )


def _only_file(footage: Sequence[str]) -> RecordingSpec | None:
    spec = parse_spec(footage[0])
    if len(footage) != 1 or not isinstance(spec, RecordingSpec) or not spec.path.is_file():
        return None
    return spec
