"""edge-vad config add, ignore and notify: change a site file, its comments stay."""

from __future__ import annotations

from pathlib import Path

import click

from edge_vad.cli.streams import print_next, print_stdout
from edge_vad.discovery.onvif import find_stream, is_onvif, read_login
from edge_vad.errors import WrongUse
from edge_vad.preprocessing.regions import parse_regions
from edge_vad.record.planning import cameras_of, demand_name, named_camera
from edge_vad.sinks.notify_settings import NotifySettings
from edge_vad.site.changes import (
    BEGIN,
    is_secret,
    keep_secret,
    with_camera,
    with_ignored,
    with_notice,
    with_source,
)
from edge_vad.site.editing import edit_site
from edge_vad.site.reading import read_site
from edge_vad.sources.addresses.spec import parse_spec

login_option = click.option(
    "--login-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File of one line, USER:PASSWORD, for onvif:// cameras to know us.",
)
_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.command(
    epilog="\b\nExample:\n  edge-vad config add site.toml gate=/dev/video0\n"
    "  edge-vad config add site.toml gate --source-file secrets/gate\n"
    "  edge-vad config add site.toml gate=onvif://10.0.0.5/onvif/device_service "
    "--login-file secrets/cameras\n"
)
@_FILE
@click.argument("camera")
@click.option(
    "--source-file", type=click.Path(path_type=Path), help="File that holds the camera's address."
)
@login_option
def add(file: Path, camera: str, source_file: Path | None, login_file: Path | None) -> None:
    """Add CAMERA, written NAME=SOURCE, to the site file FILE, which is made when missing.

    The address of a network camera is kept in secrets/NAME beside FILE, for its owner alone; or
    give NAME and --source-file. A camera that edge-vad cameras --onvif found is asked for its
    stream. Its scene is to be NAME.onnx, its footage that of footage/NAME.
    """
    name, source = (demand_name(camera), None) if source_file else named_camera(camera)
    _demand_new(file, name)
    kept = _kept(file, name, _stream(source, login_file), source_file)
    edit_site(file, with_camera(file, name, *kept), begin=BEGIN)
    print_stdout(f"{file}: camera {name} added")
    print_next(f"edge-vad record --config {file} --camera {name} --duration 1d")


@click.command(epilog="\b\nExample:\n  edge-vad config source site.toml gate=/dev/video2\n")
@_FILE
@click.argument("camera")
@click.option(
    "--source-file", type=click.Path(path_type=Path), help="File that holds the camera's address."
)
@login_option
def source(file: Path, camera: str, source_file: Path | None, login_file: Path | None) -> None:
    """Give CAMERA of the site file FILE another source, written NAME=SOURCE, as for add."""
    name, said = (demand_name(camera), None) if source_file else named_camera(camera)
    cameras_of(read_site(file), [name])
    kept = _kept(file, name, _stream(said, login_file), source_file)
    edit_site(file, with_source(file, name, *kept))
    print_stdout(f"{file}: camera {name} has another source")
    print_next(f"edge-vad snapshot --config {file} --camera {name} --out {name}.jpg")


def _stream(source: str | None, login_file: Path | None) -> str | None:
    """The stream of an ONVIF camera; every other source as it is."""
    if source is not None and is_onvif(source):
        return find_stream(source, read_login(login_file) if login_file else None)
    if login_file is not None:
        raise WrongUse("--login-file is for onvif:// cameras", "leave it out")
    return source


def _kept(
    file: Path, name: str, source: str | None, source_file: Path | None
) -> tuple[str | None, Path | None]:
    """Source and file of a source; what may hold a password is in a file."""
    if source is None or not is_secret(parse_spec(source)):
        return source, source_file
    return None, keep_secret(file, name, source)


def _demand_new(file: Path, name: str) -> None:
    if file.exists() and name in {each.name for each in read_site(file).cameras}:
        raise WrongUse(f"{file} has a camera {name} already", "choose another name")


@click.command(
    epilog="\b\nExample:\n  edge-vad config ignore site.toml gate '[[0, 0], [200, 0], [200, 80]]'\n"
)
@_FILE
@click.argument("camera")
@click.argument("regions", nargs=-1, required=True)
def ignore(file: Path, camera: str, regions: tuple[str, ...]) -> None:
    """Let CAMERA of the site file FILE ignore REGIONS: polygons in px of its frames.

    Regions that training is to leave out, too, are given to train by --ignore. edge-vad snapshot
    --grid shows where the pixels are.
    """
    edit_site(file, with_ignored(camera, parse_regions(regions)))
    print_stdout(f"{file}: camera {camera} ignores {len(regions)} more")
    print_next(f"edge-vad config check {file}")


@click.command(epilog="\b\nExample:\n  edge-vad config notify site.toml secrets/phone --picture\n")
@_FILE
@click.argument("address_file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", default="phone", show_default=True, help="What it is called in the log.")
@click.option("--picture", is_flag=True, help="Let pictures of events leave this machine.")
def notify(file: Path, address_file: Path, name: str, picture: bool) -> None:
    """Let FILE notify the address that ADDRESS_FILE holds; see docs/events_to_people.md."""
    check_address(NotifySettings(name=name, address_file=str(address_file), picture=picture))
    edit_site(file, with_notice(name, address_file, picture))
    print_stdout(f"{file}: {name} is notified")
    print_next(f"edge-vad notify --config {file}")


def check_address(settings: NotifySettings) -> None:
    """See to it that the address of somebody who is notified is one; nothing is sent.

    Raises:
        BadInput: It is none, or such as is refused.
        Unavailable: Apprise is not installed.
    """
    from edge_vad.sinks.notify.sink import client_of

    client_of(settings)
