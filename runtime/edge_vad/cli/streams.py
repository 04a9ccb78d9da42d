"""The standard streams, which may be closed, full, or gone with their terminal."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from edge_vad.errors import NotAllKept
from edge_vad.guide.progress import is_guided


def hold_descriptors() -> None:
    """Let nothing else become descriptor 0, 1 or 2 where they were closed.

    Or a database would, and what libraries print would be written into it.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:  # the lowest that is free
        pass
    os.close(number)


def print_stderr(text: str, colour: str | None = None) -> None:
    """Print on stderr, if anybody is there."""
    with suppress(OSError, ValueError):
        click.secho(text, fg=colour, err=True)


def print_stdout(text: str | bytes) -> None:
    """Print what was asked for on stdout.

    Raises:
        NotAllKept: It takes nothing.
    """
    try:
        click.echo(text)
    except OSError as error:
        raise NotAllKept(
            f"the standard output takes nothing ({error.strerror})", "let it lead somewhere"
        ) from None


class _Guided:
    """Whether the next command is given anyway."""

    is_so = is_guided()


@contextmanager
def guided() -> Iterator[None]:
    """Say no next command meanwhile: whoever gives commands one after the other knows it."""
    before, _Guided.is_so = _Guided.is_so, True
    try:
        yield
    finally:
        _Guided.is_so = before


def print_next(*commands: str, where: str = "") -> None:
    """Print the commands that come next, below an empty line; nothing while it is `guided`.

    Args:
        commands: As they are typed.
        where: What is to be said of the place where.

    Raises:
        NotAllKept: Stdout takes nothing.
    """
    if not _Guided.is_so:
        print_stdout("\n" + "\n".join(f"next{where}: {each}" for each in commands))


def run_command(scene: Path, source: str = "SOURCE", *options: str) -> str:
    """The command that scores a recording, into a folder named for the scene.

    Args:
        scene: The scene model.
        source: The recording, quoted; by default the user fills it in.
        options: Words that follow.
    """
    out = shlex.quote(str(Path("watched") / scene.stem))
    return " ".join(["edge-vad run", shlex.quote(str(scene)), source, "--out", out, *options])


def flush() -> bool:
    """Write what waits in the standard streams; returns whether stdout took it."""
    is_written = _flushed(sys.stdout, 1)
    _flushed(sys.stderr, 2)
    return is_written


def _flushed(stream: object, number: int) -> bool:
    try:
        if stream is not None:
            stream.flush()  # type: ignore[attr-defined]
    except (OSError, ValueError):
        # Python tries once more as it ends, and would end with a code of its own.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
        return False
    return True
