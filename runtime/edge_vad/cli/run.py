"""edge-vad run: watch a source; write video, scores, events and a timeline."""

from __future__ import annotations

import re
import time
from pathlib import Path

import click
import msgspec
from click.core import ParameterSource

from edge_vad.backends import BACKENDS
from edge_vad.cli.console import check_rate, note, progress, staged, warn, warn_of_skipped
from edge_vad.cli.drift_log import DriftLog
from edge_vad.cli.live_options import LIVE_ONLY, LiveOptions
from edge_vad.cli.options import (
    FALSE_ALARMS_HELP,
    IGNORE_HELP,
    ignore_option,
    json_option,
    scoring_options,
)
from edge_vad.cli.page_options import PageOptions, page_options
from edge_vad.cli.summary import print_summary, summarise
from edge_vad.errors import BadInput, WrongUse
from edge_vad.false_alarms import parse_rate
from edge_vad.motion.pace import scored_of
from edge_vad.outputs.recorder import VIDEO, Recorder
from edge_vad.preprocessing.regions import Polygon, write_regions
from edge_vad.scoring.detector import Detector, load
from edge_vad.sources import Source, open_sources

_EXAMPLE = """\b
Example:
  edge-vad run street.onnx new.mp4 --out watched --false-alarms 1/day
  edge-vad run street.onnx recordings/ --out watched
  edge-vad run street.onnx rtsp://user:password@camera/stream --out watched
  edge-vad run --config site.toml --serve
"""

_OF_LIVE_RUNS = ("display", "serve", "log_json")
_OF_RECORDINGS = ("no_video", "rebuild", "strict", "fps")
_OF_SITES = ("false_alarms", "follow_drift", "ignore", "backend", "threads")


@click.command(epilog=_EXAMPLE)
@click.argument("scene", type=click.Path(path_type=Path), required=False)
@click.argument("sources", nargs=-1)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Site file that says what is watched, in place of SCENE and SOURCES.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder to write to; made when it is missing. A camera needs none.",
)
@click.option("--duration", help="End a live run after this time, such as 90s, 10m or 2h.")
@click.option(
    "--display",
    is_flag=True,
    help="Show a live run in windows; keys: space pauses, + and - change the threshold, q quits.",
)
@page_options("Show a live run in a browser")
@click.option("--log-json", is_flag=True, help="Log a live run as JSON lines.")
@click.option(
    "--false-alarms",
    help=FALSE_ALARMS_HELP,
)
@click.option(
    "--follow-drift",
    is_flag=True,
    help="Let the threshold follow slow changes of the normal scores, within a bound.",
)
@click.option(
    "--reset-drift",
    is_flag=True,
    help="Follow drift from the trained scores on, not from where an earlier run came to.",
)
@click.option("--no-video", is_flag=True, help="Leave out annotated.mp4, which costs most time.")
@ignore_option(IGNORE_HELP)
@scoring_options
@json_option
def run(
    scene: Path | None,
    sources: tuple[str, ...],
    config: Path | None,
    out: Path | None,
    duration: str | None,
    display: bool,
    page: PageOptions,
    log_json: bool,
    false_alarms: str | None,
    follow_drift: bool,
    reset_drift: bool,
    no_video: bool,
    ignore: tuple[Polygon, ...],
    backend: str,
    threads: int | None,
    rebuild: bool,
    strict: bool,
    fps: float | None,
    as_json: bool,
) -> None:
    """Watch SOURCES with the scene model SCENE.

    A source is a video file, a folder of frames or of video files, any with a range
    (street.mp4:0-5000), or test://street?seed=1; several are watched one after the other. Writes
    annotated.mp4, scores.jsonl, events.jsonl and timeline.png, and the strangest moments with a
    picture each, whatever the threshold, into moments/.

    A camera (0, /dev/video0, csi://0, rtsp://..., http://...), or what is played like one
    (street.mp4?realtime=1), is watched until Ctrl-C: its events go to --out, without it to
    stdout. A site file says the same of many cameras. --serve shows them in a browser.

    With --follow-drift the threshold follows slow changes of the scores of frames below it, over
    about an hour, by no more than three scales of the normal scores' tail either way. drift.jsonl
    tells every step, and the next run into the same folder goes on from there.
    """
    if false_alarms is not None:
        parse_rate(false_alarms)
    live = LiveOptions(
        scene,
        sources,
        config,
        out,
        duration,
        false_alarms,
        backend,
        threads,
        page,
        follow_drift=follow_drift or reset_drift,
        ignore=ignore,
    )
    if live.is_live:
        _refuse(_OF_RECORDINGS, "is for recordings", "leave it out of a live run")
        if config:
            _refuse(_OF_SITES, "stands in the site file", f"say it in {config}")
        live.watch(display=display, log_json=log_json, as_json=as_json, reset_drift=reset_drift)
        return
    _refuse(_OF_LIVE_RUNS, "is for live runs", LIVE_ONLY)
    scene, out = live.recording()
    with (
        staged(out) as folder,
        load(
            scene,
            backend=backend,
            false_alarms=false_alarms,
            threads=threads,
            rebuild=rebuild,
            ignore=ignore,
        ) as detector,
        open_sources(sources, strict=strict, fps=fps) as footage,
    ):
        check_rate(footage, detector.model.card)
        _note_learnt(footage, detector)
        drift = None
        if follow_drift or reset_drift:
            accepted, scored_fps = parse_rate(detector.false_alarms), _scored_fps(footage, detector)
            drift = DriftLog(detector, accepted, scored_fps, folder.staging)
            if not reset_drift:
                drift.resume(out)
        started = time.perf_counter()
        recorder = _watch(detector, footage, folder.staging, not no_video, drift)
        wall_s = time.perf_counter() - started
    words = ["edge-vad", "run", str(scene), *sources, "--out", str(out)]
    words += write_regions(ignore)
    summary = summarise(
        recorder,
        detector,
        footage,
        wall_s=wall_s,
        command=[*words, *_chosen(drift is not None, no_video, backend, threads, strict, fps)],
        drift=drift,
    )
    _warn_afterwards(footage, out, no_video)
    if as_json:
        click.echo(msgspec.json.encode(summary))
    else:
        print_summary(summary, out)


def _note_learnt(footage: Source, detector: Detector) -> None:
    """Say where a recording, or a part of it, is what the scene was learnt from."""
    learnt = detector.model.card.training.sources
    if footage.name in learnt:
        note(f"{footage.name} was learnt from: its scores say nothing about other footage")
    elif any(_is_part(each, footage.name) for each in learnt):
        note(f"a part of {footage.name} was learnt from: scores there say nothing")


def _is_part(name: str, whole: str) -> bool:
    """Whether a source's name is that of a part of another: `street_0-50percent` of `street`."""
    return re.fullmatch(r"_[0-9]+[a-z]*-(end|[0-9]+[a-z]*)", name.removeprefix(whole)) is not None


def _refuse(options: tuple[str, ...], why: str, todo: str) -> None:
    """Refuse what was asked for where it would have no effect."""
    context = click.get_current_context()
    for name in options:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise WrongUse(f"--{name.replace('_', '-')} {why}", todo)


def _chosen(
    follow_drift: bool,
    no_video: bool,
    backend: str,
    threads: int | None,
    strict: bool,
    fps: float | None,
) -> list[str]:
    """The options that differ from their defaults, as they are typed."""
    words = {"--follow-drift": follow_drift, "--no-video": no_video, "--strict": strict}
    chosen = [word for word, is_chosen in words.items() if is_chosen]
    if backend != BACKENDS[0]:
        chosen += ["--backend", backend]
    if threads:
        chosen += ["--threads", str(threads)]
    if fps:
        chosen += ["--fps", f"{fps:g}"]
    return chosen


def _watch(
    detector: Detector, footage: Source, folder: Path, has_video: bool, drift: DriftLog | None
) -> Recorder:
    card = detector.model.card
    fps, length = _scored_fps(footage, detector), scored_of(footage.length, footage.fps, card.fps)
    with (
        Recorder(
            folder,
            card,
            title=footage.name,
            fps=fps,
            has_video=has_video,
            length=length,
            ignore=detector.ignore,
        ) as record,
        progress(f"watching {footage.name}", length) as advance,
    ):
        for detection in detector.watch(footage):
            record.add(detection)
            if drift:
                drift.follow(detection, record)
            advance()
    if drift:
        drift.close()
    if record.frames == 0:
        raise BadInput(f"{footage.name} holds no frame", "check the source")
    return record


def _scored_fps(footage: Source, detector: Detector) -> float:
    """Frames a second that are scored, about."""
    return min(footage.fps, detector.model.card.fps)


def _warn_afterwards(footage: Source, out: Path, no_video: bool) -> None:
    warn_of_skipped(footage)
    if no_video and (out / VIDEO).exists():
        warn(f"{out / VIDEO} is of an earlier run")
