"""edge-vad cameras: the cameras that can be found from here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from edge_vad.cli.console import note, warn
from edge_vad.cli.options import json_option
from edge_vad.cli.streams import print_next, print_stdout
from edge_vad.discovery.plugged import PluggedCamera, find_plugged
from edge_vad.discovery.probe import WAIT_S, Found, find_onvif
from edge_vad.errors import WrongUse

_EXAMPLE = """\b
Example:
  edge-vad cameras
  edge-vad cameras --onvif
"""
_NO_RIGHT = "no right to read it: sudo usermod -aG video $USER, then log in again"
Function = TypeVar("Function", bound=Callable[..., Any])


def onvif_options(function: Function) -> Function:
    """Add the options of looking for cameras on the network."""
    asked = click.option(
        "--onvif", is_flag=True, help="Ask the local network for cameras, too: one ONVIF probe."
    )
    interface = click.option(
        "--interface",
        metavar="ADDRESS",
        help="This machine's address on the network that --onvif asks.",
    )
    return asked(interface(function))


@click.command(epilog=_EXAMPLE)
@onvif_options
@json_option
def cameras(onvif: bool, interface: str | None, as_json: bool) -> None:
    """List the cameras of this machine: USB and CSI; with --onvif those of its network, too.

    With --onvif one datagram asks all of the local network at once (WS-Discovery). No address or
    port is tried, and nothing is asked for without it.
    """
    found = find_plugged()
    if onvif:
        note(f"asking the network for cameras, for {WAIT_S:g} s")
    asked = ask_network(onvif, interface)
    for why in asked.refused:
        warn(why)
    if as_json:
        told = {"plugged": found, "network": asked.cameras, "refused": asked.refused}
        print_stdout(msgspec.json.encode(told))
        return
    for each in found:
        print_stdout(describe(each))
    for camera in asked.cameras:
        print_stdout(f"{camera.source}: {camera.name}")
    if not found:
        print_stdout("no camera is plugged in")
    sources = [*(each.source for each in found), *(each.source for each in asked.cameras)]
    print_next(f"edge-vad init {(*sources, 'rtsp://user:password@host/stream')[0]}")


def ask_network(onvif: bool, interface: str | None) -> Found:
    """Ask the network for cameras, where that is wanted.

    Raises:
        WrongUse: An interface is named, and nothing is to be asked.
        EdgeVadError: See `find_onvif`.
    """
    if not onvif:
        if interface is not None:
            raise WrongUse("--interface is for --onvif", "add it")
        return Found((), ())
    return find_onvif(interface)


def describe(camera: PluggedCamera) -> str:
    """A camera in one line."""
    return f"{camera.source}: {camera.name}" + ("" if camera.readable else f" ({_NO_RIGHT})")
