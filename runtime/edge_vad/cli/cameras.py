"""edge-vad cameras: the cameras that can be found from here."""

from __future__ import annotations

import click
import msgspec

from edge_vad.cli.options import json_option
from edge_vad.cli.streams import print_stdout
from edge_vad.discovery.plugged import PluggedCamera, find_plugged

_EXAMPLE = """\b
Example:
  edge-vad cameras
"""
_NO_RIGHT = "no right to read it: sudo usermod -aG video $USER, then log in again"


@click.command(epilog=_EXAMPLE)
@json_option
def cameras(as_json: bool) -> None:
    """List the cameras of this machine: USB and CSI."""
    found = find_plugged()
    if as_json:
        print_stdout(msgspec.json.encode({"plugged": found}))
        return
    for each in found:
        print_stdout(describe(each))
    if not found:
        print_stdout("no camera is plugged in")
    source = found[0].source if found else "rtsp://user:password@host/stream"
    print_stdout(f"\nnext: edge-vad init {source}")


def describe(camera: PluggedCamera) -> str:
    """A camera in one line."""
    return f"{camera.source}: {camera.name}" + ("" if camera.readable else f" ({_NO_RIGHT})")
