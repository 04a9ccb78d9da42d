"""edge-vad bench: how fast a scene is on this device, from decoding to decision."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console

from edge_vad.backends import BACKENDS
from edge_vad.backends.threads import default_threads
from edge_vad.cli.options import out_option
from edge_vad.cli.quantities import NumberRange
from edge_vad.errors import Interrupted, Unavailable, WrongUse
from edge_vad.scene_model import SceneModel

_EVERY = "every"
_EXAMPLE = """\b
Examples:
  edge-vad bench street.onnx --source street.mp4 --out report
  edge-vad bench street.onnx --source street.mp4 --out report --contribute board.json
  edge-vad bench street.onnx --source street.mp4 --out report --flow-table
  edge-vad bench street.onnx street.int8.onnx --source street.mp4 --backend every --out report
"""


@click.command(epilog=_EXAMPLE)
@click.argument("scenes", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", required=True, help="Footage to watch, as for edge-vad run.")
@out_option
@click.option(
    "--backend",
    "backends",
    multiple=True,
    type=click.Choice([*(name for name in BACKENDS if name != "auto"), _EVERY]),
    default=BACKENDS[:1],
    show_default=True,
    help="What runs the scenes; give it several times, or 'every' for all that work here.",
)
@click.option(
    "--threads", type=click.IntRange(min=1), help="CPU threads; by default those of edge-vad run."
)
@click.option(
    "--peers",
    "trained",
    type=click.Path(path_type=Path),
    help="Folder of the scene's training: measure PyTorch baselines beside the runtime.",
)
@click.option(
    "--only",
    "parts",
    multiple=True,
    type=click.Choice(
        ["scenarios", "formats", "cameras", "cold start", "growth", "floor", "projection"]
    ),
    help="Measure only this part; may be given several times.",
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    type=click.Choice(["SingleStream", "MultiStream", "Offline"]),
    help="Measure only this scenario; may be given several times.",
)
@click.option("--quick", is_flag=True, help="Seconds, not minutes: to see that it works.")
@click.option("--fresh", is_flag=True, help="Begin anew; do not go on with an interrupted one.")
@click.option(
    "--handicap",
    "injected_delay",
    type=NumberRange(0, 1),
    default=0.0,
    help="Delay every query by this share of its time, to see whether edge-vad compare notices.",
)
@click.option(
    "--contribute",
    "given_away",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the report for others to this file: without names of machine, cameras and "
    "files, serial numbers and paths.",
)
@click.option(
    "--flow-table",
    is_flag=True,
    help="Measure optical flow alone: DIS on the CPU beside the flow units of this device.",
)
@click.option(
    "--labels",
    metavar="DATASET",
    help="With --flow-table: a data set with the truth, to tell what each flow is worth.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("auto", "video", "ucsd", "avenue", "synthetic")),
    default="auto",
    show_default=True,
    help="How the data set of --labels is laid out.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report's JSON on stdout.")
def bench(
    scenes: tuple[Path, ...],
    source: str,
    out: Path,
    backends: tuple[str, ...],
    threads: int | None,
    trained: Path | None,
    parts: tuple[str, ...],
    scenarios: tuple[str, ...],
    quick: bool,
    fresh: bool,
    injected_delay: float,
    given_away: Path | None,
    flow_table: bool,
    labels: str | None,
    form: str,
    as_json: bool,
) -> None:
    """Measure how fast SCENES are on this device: end to end, by stage, and from a cold start.

    Scenes of several precisions are measured in turns in one run, and so are backends. Writes
    bench.json, which holds everything, and report.html and report.md, which are made from it. If
    it is interrupted, give the same command again: it goes on with the part that it was in.
    """
    from edge_vad_bench import benchmark, store
    from edge_vad_bench.measure.device import describe_scene
    from edge_vad_bench.parts import scenarios as scenario_part
    from edge_vad_bench.report.contribution import contribution
    from edge_vad_bench.report.rendering import write_pages
    from edge_vad_bench.schema import QUICK, BenchmarkSettings, Plan
    from edge_vad_bench.task import Task

    if given_away:
        _demand_folder(given_away)
    if flow_table or labels:
        _demand_flow_table(flow_table)
        _flow_table(scenes, source, out, (labels, form) if labels else None, quick, as_json)
        return
    used = tuple(describe_scene(path) for path in scenes)
    if len({scene.precision for scene in used}) < len(used):
        raise WrongUse(
            "two of the scenes have one precision", "give one scene model of each precision"
        )
    chosen = parts or (benchmark.QUICK_PARTS if quick else benchmark.PARTS)
    settings = BenchmarkSettings(
        scenes=used,
        source=_name(source),
        backends=_every_backend() if _EVERY in backends else backends,
        threads=threads or default_threads(SceneModel.read(scenes[0]).card),
        plan=msgspec.structs.replace(QUICK if quick else Plan(), injected_delay=injected_delay),
        parts=(*chosen, *benchmark.PARTS_OF_BASELINES) if trained else tuple(chosen),
        scenarios=scenarios or tuple(scenario_part.MAKERS),
        opencv_threads=threads or len(os.sched_getaffinity(0)),
    )
    with Console(stderr=True).status("") as status:
        on_progress = status.update if sys.stderr.isatty() else _ignore
        task = Task(scenes, source, settings, trained, on_progress)
        try:
            report = benchmark.run(task, out, fresh=fresh)
        except KeyboardInterrupt:
            raise Interrupted(
                "interrupted", "what was finished is kept; give the same command again to go on"
            ) from None
    pages = write_pages([report], out / "report.html")
    if given_away:
        store.write(given_away, contribution(report))
    if as_json:
        click.echo(msgspec.json.encode(report))
        return
    from edge_vad_bench.report.summary import show

    show(report, Console(highlight=False))
    click.echo(f"\nwritten: {out / 'bench.json'}, {', '.join(map(str, pages))}")
    if given_away:
        click.echo(f"to give away, once you have read it: {given_away}")
    click.echo(f"\nnext, after a change: {_again(scenes, source, out)}")


def _demand_flow_table(is_asked: bool) -> None:
    if not is_asked:
        raise WrongUse("--labels is for the flow table", "add --flow-table, or leave it out")


def _flow_table(
    scenes: tuple[Path, ...],
    source: str,
    out: Path,
    labels: tuple[str, str] | None,
    quick: bool,
    as_json: bool,
) -> None:
    from edge_vad_bench.cli.flow_table import measure_flow_table, print_flow_table

    with Console(stderr=True).status("") as status:
        on_progress = status.update if sys.stderr.isatty() else _ignore
        table = measure_flow_table(
            scenes, source, _name(source), out, labels, quick=quick, on_progress=on_progress
        )
    if as_json:
        click.echo(msgspec.json.encode(table))
    else:
        print_flow_table(table, scenes[0], source, out)


def _demand_folder(path: Path) -> None:
    """A minute's measuring is not to end with a file that cannot be written."""
    if not path.absolute().parent.is_dir():
        raise WrongUse(f"there is no folder {path.parent}", "make it, or give another file")


def _ignore(text: str) -> None:
    """Show nothing: there is no terminal."""


def _name(source: str) -> str:
    """The source's name for a report: without a password, and without folders."""
    from edge_vad.sources import open_source

    with open_source(source) as footage:
        return footage.name


def _every_backend() -> tuple[str, ...]:
    from edge_vad.device.fingerprint import read_fingerprint
    from edge_vad.doctor.backends import examine_backends

    names = tuple(each.name for each in examine_backends(read_fingerprint()) if each.usable)
    if not names:
        raise Unavailable("no backend works here", "run edge-vad doctor")
    return names


def _again(scenes: Sequence[Path], source: str, out: Path) -> str:
    words = ["edge-vad", "bench", *map(str, scenes), "--source", source, "--out", f"{out}-new"]
    compared = ["edge-vad", "compare", str(out), f"{out}-new"]
    return f"{shlex.join(words)} && {shlex.join(compared)}"
