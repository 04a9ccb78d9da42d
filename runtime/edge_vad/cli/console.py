"""What the subcommands print while they work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge_vad.cli.signals import (
    clear_interrupt,
    interrupt,
    raise_if_interrupted,
    stopped_by_signals,
)
from edge_vad.cli.streams import print_stderr
from edge_vad.errors import Interrupted
from edge_vad.guide.progress import ProgressLines, is_guided
from edge_vad.outputs.folder import OutputFolder
from edge_vad.scene_model import SceneCard
from edge_vad.scoring.rates import demand_rate
from edge_vad.sources import Source


def warn(text: str) -> None:
    """Print a warning on stderr."""
    print_stderr(f"warning: {text}", "yellow")


def note(text: str) -> None:
    """Print a remark on stderr."""
    print_stderr(f"note: {text}")


@contextmanager
def progress(label: str, length: int | None) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr while something runs, if that is a terminal.

    Args:
        label: What is being done.
        length: How many steps there are, if that is known.

    Yields:
        To be called after every step.
    """
    if is_guided():
        yield ProgressLines(label, length).advance
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    console, quiet = Console(stderr=True), not sys.stderr.isatty()
    remaining = TimeRemainingColumn()
    with Progress(*columns, remaining, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task(label, total=length)

        def advance() -> None:
            raise_if_interrupted()
            bar.advance(task)

        yield advance


@contextmanager
def staged(path: Path) -> Iterator[OutputFolder]:
    """Fill an output folder; when that breaks, print where the finished files are.

    Raises:
        BadInput: Nothing can be written there.
        Interrupted: Ctrl-C was pressed, or another signal came that ends it.
    """
    folder = OutputFolder(path)
    clear_interrupt()
    try:
        with stopped_by_signals(interrupt), folder:
            yield folder
    except KeyboardInterrupt:
        finished = "nothing was finished yet"
        if folder.interrupted:
            finished = f"what was finished is in {folder.interrupted}"
        raise Interrupted("interrupted", f"{finished}; earlier outputs are untouched") from None
    except Exception:
        if folder.interrupted:
            note(f"what was finished is in {folder.interrupted}; earlier outputs are untouched")
        raise


def check_rate(source: Source, card: SceneCard) -> None:
    """Warn of a source that is much slower than the scene's; a faster one is thinned out.

    Raises:
        BadInput: It is so slow that nothing can be said of motion.
    """
    if slow := demand_rate(source, card):
        warn(slow)


def warn_of_skipped(source: Source) -> None:
    """Warn of frames that could not be read."""
    if source.skipped:
        count = source.skipped
        frames, were = ("frame", "was") if count == 1 else ("frames", "were")
        warn(f"{count} {frames} of {source.name} could not be read and {were} skipped")


_IN_WORDS = {"moved": "camera moved", "covered": "camera covered", "frozen": "picture frozen"}


def describe_unjudged(unjudged: Mapping[str, int], frames: int) -> str:
    """How many frames were not judged, and why; nothing of a first frame without motion.

    Example:
        >>> describe_unjudged({"moved": 30, "motion not known": 1}, 100)
        '31 of 100 frames were not judged: 30 camera moved, 1 motion not known'
    """
    count = sum(unjudged.values())
    if count <= 1:
        return ""
    why = ", ".join(f"{number} {_IN_WORDS.get(each, each)}" for each, number in unjudged.items())
    return f"{count} of {frames} frames were not judged: {why}"
