"""edge-vad record: footage of cameras, as files to train on."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from edge_vad.cli.console import note, warn
from edge_vad.cli.options import json_option
from edge_vad.cli.quantities import parse_duration, parse_size
from edge_vad.cli.streams import print_next, print_stdout
from edge_vad.errors import EdgeVadError, Interrupted, NotAllKept, SourceLost, WrongUse
from edge_vad.guide.progress import ProgressLines, is_guided
from edge_vad.untrusted import shown_path

if TYPE_CHECKING:
    from edge_vad.record.planning import RecordPlan
    from edge_vad.record.session import CameraFootage

USUAL_SIZE = "50GB"
_EXAMPLE = """\b
Example:
  edge-vad record rtsp://user:password@camera/stream --out footage --duration 2h
  edge-vad record gate=/dev/video0 yard=rtsp://camera/stream --out footage --max-size 20GB
  edge-vad record --config site.toml --duration 1d
"""


duration_option = click.option(
    "--duration",
    help="Footage that is wanted of each camera, such as 90s, 10m, 2h or 1d; what is there counts.",
)
max_size_option = click.option(
    "--max-size",
    default=USUAL_SIZE,
    show_default=True,
    help="Most that the footage may take on the disk, such as 500MB or 20GB.",
)


@click.command(epilog=_EXAMPLE)
@click.argument("sources", nargs=-1)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the footage; made when missing."
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Site file whose cameras are recorded, in place of SOURCES and --out.",
)
@click.option("--camera", "cameras", multiple=True, help="Only this camera of the site file.")
@duration_option
@max_size_option
@click.option("--log-json", is_flag=True, help="Log as JSON lines.")
@json_option
def record(
    sources: tuple[str, ...],
    out: Path | None,
    config: Path | None,
    cameras: tuple[str, ...],
    duration: str | None,
    max_size: str,
    log_json: bool,
    as_json: bool,
) -> None:
    """Record SOURCES: cameras, in files of ten minutes, to train on.

    A source is anything that edge-vad watches; NAME=SOURCE gives it a name. Each has a folder of
    its own in --out. What cameras on the network send is copied as it is, without sound; pictures
    of USB and CSI cameras are encoded.

    Ends after --duration, or with Ctrl-C. A lost camera is tried again and again. Given again, the
    same command goes on, also after a kill. Every minute a line says what is seen.
    """
    plans = _plans(sources, out, config, cameras)
    seconds, most = parse_duration(duration), parse_size(max_size)
    footage = record_footage(plans, seconds, most, log_json=log_json)
    if as_json:
        print_stdout(msgspec.json.encode(footage))
    else:
        for each in footage:
            print_stdout(_said(each))
        print_next(*_next(footage, config, cameras))


def record_footage(
    plans: Sequence[RecordPlan], seconds: float | None, most: int, *, log_json: bool = False
) -> list[CameraFootage]:
    """Record, until all is there that was wanted.

    Args:
        plans: The cameras.
        seconds: Footage wanted of each; None: until a signal ends it.
        most: Bytes that it may take.
        log_json: Whether the log is JSON lines.

    Raises:
        SourceLost: There is no footage of any camera.
        Interrupted: A signal ended it before all was there.
        NotAllKept: There was no room for all.
        EdgeVadError: It cannot begin, or everything failed.
    """
    from edge_vad.cli.live import leave_if_stuck
    from edge_vad.cli.signals import stopped_by_signals
    from edge_vad.live.logs import begin_log, end_log
    from edge_vad.live.shutdown import ShutdownDeadline
    from edge_vad.record.session import RecordSession

    before, deadline = set(threading.enumerate()), ShutdownDeadline()
    footage: list[CameraFootage] = []
    error: EdgeVadError | None = None
    try:
        with ExitStack() as undo:
            handler = begin_log(as_json=log_json)
            undo.callback(end_log, handler)
            session = RecordSession(plans, seconds, most, undo)
            _begin(session.room.left, most)
            count_down = undo.enter_context(_count_down(seconds))
            handler.setStream(sys.stderr)  # where there is a bar, the log's lines stand above it
            with stopped_by_signals(session.stop):
                footage = session.run(count_down)
            _warn_of_slow(footage)
            error = _what_is_missing(footage, seconds)
    except EdgeVadError as raised:
        error = raised
    leave_if_stuck(before, deadline, error)
    if error:
        raise error
    return footage


def _plans(
    sources: tuple[str, ...], out: Path | None, config: Path | None, cameras: tuple[str, ...]
) -> list[RecordPlan]:
    from edge_vad.record.planning import plan_site, plan_sources
    from edge_vad.site.reading import read_site

    if config is not None:
        if sources or out:
            raise WrongUse("--config stands for SOURCES and --out", "give the one or the others")
        return plan_site(read_site(config), config.parent, cameras)
    if cameras:
        raise WrongUse("--camera is for a site file", "name it with --config")
    if not sources or out is None:
        raise WrongUse("there is nothing to record", "give SOURCES and --out, or --config")
    return plan_sources(sources, out)


def _begin(left: int, most: int) -> None:
    """Say how much may be written."""
    room = f"at most {most / 1e9:.3g} GB in all (--max-size), {left / 1e9:.3g} GB from now on"
    note(f"recording {room}; Ctrl-C ends it")


@contextmanager
def _count_down(seconds: float | None) -> Iterator[Callable[[float], None] | None]:
    """Show on a terminal how much is still to be recorded; None where that has no end."""
    if seconds is not None and is_guided():
        yield ProgressLines("recording", seconds, in_seconds=True).at
        return
    if seconds is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = TextColumn("recording"), BarColumn(), TextColumn("{task.fields[left]} left")
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=seconds, left="")
        yield lambda there: bar.update(task, completed=there, left=_clock(seconds - there))


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=max(0, round(seconds))))


def _warn_of_slow(footage: Sequence[CameraFootage]) -> None:
    for each in footage:
        if each.slow_minutes:
            warn(
                f"{each.name}: this device was too slow to encode what came, in "
                f"{each.slow_minutes} of {sum(each.minutes.values())} min; ask the camera for "
                "smaller pictures, or fewer: /dev/video0?size=640x480&fps=10"
            )


def _what_is_missing(
    footage: Sequence[CameraFootage], seconds: float | None
) -> EdgeVadError | None:
    """What there is to complain of, the worst first."""
    from edge_vad.record.limits import Ending

    if not any(each.files for each in footage):
        return SourceLost("nothing was recorded", "see the log for the reason, and try again")
    endings = {each.ending: each.name for each in footage}
    if Ending.FAILED.value in endings:
        return NotAllKept(f"{endings[Ending.FAILED.value]} could not be recorded", "see the log")
    rooms = {Ending.SIZE.value: "raise --max-size", Ending.DISK.value: "free some space"}
    for why, mend in rooms.items():
        if why in endings:
            return NotAllKept(f"{why}; there is less footage than was wanted", mend)
    missing = next((each for each in footage if not each.is_whole), None)
    if seconds is None or missing is None:
        return None
    short = f"{missing.name} has {missing.seconds:.0f} s of {seconds:.0f} s"
    again = "give the same command again to go on"
    if Ending.STOPPED.value in endings:
        return Interrupted(f"interrupted: {short}", again)
    warn(f"{short} ({missing.ending})" + (f"; {again}" if missing.reconnects else ""))
    return None


def _said(footage: CameraFootage) -> str:
    from edge_vad.record.session import said_time

    minutes = "; ".join(f"{count} min {view}" for view, count in footage.minutes.items())
    files = f"{footage.files} file" + ("s" if footage.files != 1 else "")
    what = f"{said_time(footage.seconds)} in {files}, {footage.size / 1e6:.0f} MB"
    return f"{footage.name}: {what}, in {footage.folder}" + (f" ({minutes})" if minutes else "")


def _next(
    footage: Sequence[CameraFootage], config: Path | None, cameras: Sequence[str]
) -> list[str]:
    """The commands that train on it."""
    if config is not None:
        chosen = [word for name in cameras for word in ("--camera", name)]
        return [shlex.join(["edge-vad", "train", "--config", shown_path(config), *chosen])]
    return [
        shlex.join(["edge-vad", "train", each.folder, "--out", str(Path("runs", each.name))])
        for each in footage
        if each.files
    ]
