"""The cameras that edge-vad init begins with: found, named and written into the site file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click

from edge_vad.cli.asking import Asking
from edge_vad.cli.cameras import ask_network, describe
from edge_vad.cli.console import note
from edge_vad.cli.giving import give
from edge_vad.discovery.onvif import is_onvif
from edge_vad.discovery.plugged import find_plugged
from edge_vad.errors import WrongUse
from edge_vad.record.planning import demand_name, named_camera, split_name
from edge_vad.site.changes import SECRETS, is_secret, keep_secret
from edge_vad.site.reading import read_site
from edge_vad.site.settings import CameraSettings
from edge_vad.site.sources import source_of
from edge_vad.sources.addresses.address import CameraSpec, without_secrets
from edge_vad.sources.addresses.spec import RecordingSpec, parse_spec
from edge_vad.untrusted import shown_path

_NAME_ONE = "plug one in, or name one: edge-vad init gate=rtsp://user:password@host/stream"


def add_cameras(
    asking: Asking, site: Path, sources: Sequence[str], login_file: Path | None
) -> None:
    """Write the cameras that are new into the site file."""
    known = {each.name: each for each in (read_site(site).cameras if site.exists() else ())}
    for text in sources:
        usual, source = named_camera(text)
        _demand_camera(source)
        name = asking.text(f"Name of {_shown(source)}", usual, demand_name)
        if name in known:
            _demand_same(known[name], source, site)
        elif is_onvif(source):
            login_file = login_file or _ask_login(asking, site)
            login = [] if login_file is None else ["--login-file", str(login_file)]
            give("config", "add", str(site), f"{name}={source}", *login)
        else:
            _add(site, name, source)


def _demand_same(known: CameraSettings, source: str, site: Path) -> None:
    """See to it that a camera which is there has the source that is given again."""
    there = source_of(known, site.parent)
    if is_onvif(source):
        host = urlsplit(source).hostname
        same = isinstance(there, CameraSpec) and urlsplit(there.address).hostname == host
    else:
        same = there == parse_spec(source)
    if not same:
        raise WrongUse(
            f"the camera {known.name} of {site} has another source",
            f"correct it there, or give this one another name: NAME={_shown(source)}",
        )


def _ask_login(asking: Asking, site: Path) -> Path | None:
    """Ask for the login of network cameras, once for all; None where they need none."""
    kept = site.parent / SECRETS / "cameras"
    if kept.exists():
        return kept
    user = asking.text("User of the network cameras. None", "", str)
    if not user:
        return None
    password = asking.text("Password", "", str, hidden=True)
    return keep_secret(site, "cameras", f"{user}:{password}")


def choose_cameras(asking: Asking, site: Path, onvif: bool, interface: str | None) -> list[str]:
    """The cameras to take, of those that were found; none where the site has some."""
    if site.exists() and not onvif:
        note(f"going on with {', '.join(each.name for each in read_site(site).cameras)} of {site}")
        return []
    plugged, network = find_plugged(), ask_network(onvif, interface).cameras
    lines = [*map(describe, plugged), *(f"{each.source}: {each.name}" for each in network)]
    for number, line in enumerate(lines, 1):
        click.echo(f"{number}: {line}")
    if not lines:
        click.echo("no camera was found")
    sources = [*(each.source for each in plugged), *(each.source for each in network)]
    locked = [each.source for each in plugged if not each.readable]
    usable = [str(n) for n, each in enumerate(sources, 1) if each not in locked]
    if asking.is_unattended and not usable:
        raise WrongUse("no camera was found that can be used here", _NAME_ONE)
    question = "Which cameras? Numbers, or addresses, with spaces between"
    return asking.text(question, " ".join(usable), lambda said: _read_choice(said, sources))


def _read_choice(said: str, found: Sequence[str]) -> list[str]:
    words = said.split()
    if not words:
        raise WrongUse("no camera is chosen", "give a number, or an address such as rtsp://host/1")
    numbers = {str(number): each for number, each in enumerate(found, 1)}
    for word in words:
        if word.isdecimal() and word not in numbers:
            raise WrongUse(f"there is no number {word} in the list", f"or say /dev/video{word}")
    chosen = [numbers.get(word, word) for word in words]
    for word in chosen:
        _demand_camera(split_name(word)[1])
    return chosen


def _demand_camera(source: str) -> None:
    if is_onvif(source):
        return
    spec = parse_spec(source)
    if isinstance(spec, RecordingSpec) and not spec.realtime:
        raise WrongUse(
            f"{_shown(source)} is a recording, and no camera",
            "learn from it with edge-vad train, or play it like one: street.mp4?realtime=1",
        )


def _add(site: Path, name: str, source: str) -> None:
    if not is_secret(parse_spec(source)):
        give("config", "add", str(site), f"{name}={source}")
        return
    place = keep_secret(site, name, source)
    click.echo(f"the address of {name}, with its password, is kept in {place}")
    give("config", "add", str(site), name, "--source-file", str(place))


def _shown(source: str) -> str:
    if is_onvif(source):
        return without_secrets(source)
    spec = parse_spec(source)
    return spec.shown if isinstance(spec, CameraSpec) else shown_path(source)
