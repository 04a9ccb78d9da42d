"""edge-vad service: watch a site from boot on."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from edge_vad.cli.console import warn
from edge_vad.cli.streams import print_next, print_stdout
from edge_vad.errors import EdgeVadError
from edge_vad.guide.service import (
    demand_systemd,
    install_commands,
    run_command,
    unit_path,
    unit_text,
    write_unit,
)
from edge_vad.site.reading import read_site

_EXAMPLE = """\b
Example:
  edge-vad service --config site.toml
"""


@click.command(epilog=_EXAMPLE)
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The site file.")
@click.option("--name", default="edge-vad", show_default=True, help="What the service is called.")
@click.option("--print", "only_print", is_flag=True, help="Print the unit; change nothing.")
def service(config: Path, name: str, only_print: bool) -> None:
    """Watch a site from boot on, as a service of this user's systemd.

    Writes a unit with a watchdog into ~/.config/systemd/user, starts it, and lets it start with the
    machine. Needs no special rights; docs/live.md has a unit for the whole system.
    """
    read_site(config)
    path = unit_path(name)
    text = unit_text(config.resolve(), Path(sys.executable).absolute())
    if only_print:
        print_stdout(text.rstrip("\n"))
        return
    demand_systemd()
    write_unit(path, text)
    print_stdout(f"{path} written")
    *starting, lingering = install_commands(name)
    for words in starting:
        _run(words)
    try:
        _run(lingering)
    except EdgeVadError as error:
        warn(f"it starts only once this user logs in: {error.what}; sudo {shlex.join(lingering)}")
    print_next(f"journalctl --user -u {name} -f")


def _run(words: list[str]) -> None:
    print_stdout(f"$ {shlex.join(words)}")
    run_command(words)
