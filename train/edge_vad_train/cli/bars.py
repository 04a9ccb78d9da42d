"""How far a training is, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from edge_vad.cli.console import warn
from edge_vad.guide.progress import ProgressLines, is_guided
from edge_vad_train.stages import Advance


class Bars:
    """A progress bar a stage on stderr, if that is a terminal; one line a stage otherwise."""

    @contextmanager
    def stage(self, label: str, length: int | None) -> Iterator[Advance]:
        """See `edge_vad_train.stages.Stages`."""
        if is_guided():
            lines = ProgressLines(label, length)
            yield lambda steps, remark="": lines.advance(steps)  # noqa: ARG005
            return
        terminal = sys.stderr.isatty()
        columns = (
            TextColumn("{task.description:<28}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[remark]}"),
        )
        if not terminal:
            click.echo(label, err=True)
        with Progress(*columns, console=Console(stderr=True), disable=not terminal) as bar:
            task = bar.add_task(label, total=length, remark="")
            yield lambda steps, remark="": bar.update(task, advance=steps, remark=remark)

    def warn(self, text: str) -> None:
        """The same."""
        warn(text)
