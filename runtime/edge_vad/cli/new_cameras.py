"""The cameras that edge-vad init begins with: found, named and written into the site file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from edge_vad.cli.cameras import ask_network, describe
from edge_vad.discovery.onvif import is_onvif
from edge_vad.discovery.plugged import find_plugged
from edge_vad.errors import WrongUse
from edge_vad.guide.face import Face
from edge_vad.guide.steps import PlannedCommand
from edge_vad.record.planning import demand_name, named_camera, split_name
from edge_vad.site.changes import SECRETS, is_secret, keep_secret
from edge_vad.site.reading import read_site
from edge_vad.site.settings import CameraSettings
from edge_vad.site.sources import source_of
from edge_vad.sources.addresses.address import CameraSpec, without_secrets
from edge_vad.sources.addresses.spec import RecordingSpec, parse_spec
from edge_vad.untrusted import shown_path

_NAME_ONE = "plug one in, or name one: edge-vad init gate=rtsp://user:password@host/stream"


def add_cameras(face: Face, site: Path, sources: Sequence[str], login_file: Path | None) -> None:
    """Write the cameras that are new into the site file."""
    known = {each.name: each for each in (read_site(site).cameras if site.exists() else ())}
    for text in sources:
        usual, source = named_camera(text)
        _demand_camera(source)
        name = face.text(f"Name of {_shown(source)}", usual, demand_name)
        if name in known:
            _demand_same(known[name], source, site)
        elif is_onvif(source):
            login_file = login_file or _ask_login(face, site)
            login = [] if login_file is None else ["--login-file", str(login_file)]
            _add(face, site, f"{name}={source}", *login)
        else:
            _add(face, site, *_said_of(face, site, name, source))


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
            f"leave it out to go on with that, or give this one a name: NAME={_shown(source)}",
        )


def _ask_login(face: Face, site: Path) -> Path | None:
    """Ask for the login of network cameras, once for all; None where they need none."""
    kept = site.parent / SECRETS / "cameras"
    if kept.exists():
        return kept
    user = face.text("User of the network cameras. None", "", str)
    if not user:
        return None
    password = face.text("Password", "", str, hidden=True)
    return keep_secret(site, "cameras", f"{user}:{password}")


def choose_cameras(face: Face, site: Path, onvif: bool, interface: str | None) -> list[str]:
    """The cameras to take, of those that were found; none where the site has some."""
    if site.exists() and not onvif:
        names = ", ".join(each.name for each in read_site(site).cameras)
        face.say(f"going on with {names} of {site}")
        return []
    question = "Ask the local network for cameras, too? That is one datagram (ONVIF)"
    onvif = onvif or face.agrees(question)
    face.name(PlannedCommand("look for cameras", _looking(onvif, interface)))
    plugged, asked = find_plugged(), ask_network(onvif, interface)
    network = asked.cameras
    for why in asked.refused:
        face.say(why)
    lines = [*map(describe, plugged), *(f"{each.source}: {each.name}" for each in network)]
    if not lines:
        face.say("no camera was found")
    sources = [*(each.source for each in plugged), *(each.source for each in network)]
    locked = [each.source for each in plugged if not each.readable]
    usable = [str(n) for n, each in enumerate(sources, 1) if each not in locked]
    if face.is_unattended and not usable:
        raise WrongUse("no camera was found that can be used here", _NAME_ONE)
    return face.text(
        "Which cameras? Numbers, or addresses, with spaces between",
        " ".join(usable),
        lambda said: _read_choice(face, said, sources),
        choices=lines,
    )


def _looking(onvif: bool, interface: str | None) -> tuple[str, ...]:
    on = ("--interface", interface) if interface else ()
    return ("cameras", *(("--onvif", *on) if onvif else ()))


def _read_choice(face: Face, said: str, found: Sequence[str]) -> list[str]:
    words = said.split()
    if not words:
        raise WrongUse("no camera is chosen", "give a number, or an address such as rtsp://host/1")
    numbers = {str(number): each for number, each in enumerate(found, 1)}
    for word in words:
        if word.isdecimal() and word not in numbers:
            raise WrongUse(f"there is no number {word} in the list", f"or say /dev/video{word}")
    for word in words:
        if word not in numbers:
            _typed_camera(face, split_name(word)[1])
    return [numbers.get(word, word) for word in words]


def _typed_camera(face: Face, source: str) -> str:
    face.demand_typed(source)
    _demand_camera(source)
    return source


def _demand_camera(source: str) -> None:
    if is_onvif(source):
        return
    spec = parse_spec(source)
    if isinstance(spec, RecordingSpec) and not spec.realtime:
        raise WrongUse(
            f"{_shown(source)} is a recording, and no camera",
            "learn from it with edge-vad train, or play it like one: street.mp4?realtime=1",
        )


def _add(face: Face, site: Path, *words: str) -> None:
    face.take(PlannedCommand("add a camera", ("config", "add", str(site), *words)))


def change_source(face: Face, site: Path, name: str) -> None:
    """Ask for another address of a camera that does not answer; it may stay as it is."""
    question = f"Another address of {name} (Enter: try again)"
    if source := face.text(question, "", lambda said: said and _typed_camera(face, said)):
        words = _said_of(face, site, name, source)
        face.take(PlannedCommand("take its other address", ("config", "source", str(site), *words)))


def _said_of(face: Face, site: Path, name: str, source: str) -> tuple[str, ...]:
    """How a camera is named on a command line; what may hold a password is kept in a file."""
    if not is_secret(parse_spec(source)):
        return (f"{name}={source}",)
    place = keep_secret(site, name, source)
    face.say(f"the address of {name}, with its password, is kept in {place}")
    return name, "--source-file", str(place)


def _shown(source: str) -> str:
    if is_onvif(source):
        return without_secrets(source)
    spec = parse_spec(source)
    return spec.shown if isinstance(spec, CameraSpec) else shown_path(source)
