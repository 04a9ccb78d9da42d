"""Gives commands of edge-vad as if they were typed, for edge-vad init."""

from __future__ import annotations

import shlex

import click

from edge_vad.cli import cli
from edge_vad.cli.streams import guided
from edge_vad.guide.steps import PlannedCommand


def take(step: PlannedCommand) -> None:
    """Say what a command is for, print it and run it.

    Raises:
        EdgeVadError: As the command does.
    """
    click.secho(f"\n{step.why}:", bold=True)
    give(*step.words)


def give(*words: str) -> None:
    """Print a command and run it.

    Args:
        words: Those after `edge-vad`.

    Raises:
        EdgeVadError: As the command does.
    """
    click.secho(f"$ {shlex.join(['edge-vad', *words])}", bold=True)
    with guided():
        cli.main(list(words), standalone_mode=False)
