"""The way from a camera to a site that is watched, the same on a terminal and in a browser."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from edge_vad.cli.new_cameras import add_cameras, change_source, choose_cameras
from edge_vad.cli.quantities import parse_duration
from edge_vad.cli.site_edits import check_address
from edge_vad.device.fingerprint import read_fingerprint
from edge_vad.doctor.backends import find_target
from edge_vad.errors import SourceLost, Unavailable, WrongUse
from edge_vad.guide.face import Face
from edge_vad.guide.service import has_systemd
from edge_vad.guide.steps import CameraSteps, PlannedCommand, record
from edge_vad.preprocessing.regions import Polygon, parse_regions, write_region
from edge_vad.sinks.notify_settings import NotifySettings
from edge_vad.site.changes import SECRETS, keep_secret
from edge_vad.site.reading import read_site

USUAL_DURATION = "1h"
EDIT_TOKEN = "edit-token"  # noqa: S105 - the name of the file that holds it
_NONE = "(Enter: none)"


@dataclass(frozen=True)
class Wishes:
    """What was said on the command line.

    Attributes:
        site: The site file.
        sources: Cameras, as record takes them.
        duration: Footage to learn from; None: it is asked for.
        max_size: Bytes that it may take, as they are typed.
        ignored: Regions of the one new camera.
        onvif: Whether the network is asked for cameras.
        interface: This machine's address there.
        login_file: Login of network cameras.
        notify_file: Address of somebody who is notified.
        picture: Whether pictures may leave this machine.
        service: Whether the site is watched from boot on.
    """

    site: Path
    sources: Sequence[str]
    duration: str | None
    max_size: str
    ignored: Sequence[Polygon]
    onvif: bool
    interface: str | None
    login_file: Path | None
    notify_file: Path | None
    picture: bool
    service: bool


def lead(face: Face, wishes: Wishes) -> tuple[str, str]:
    """Go all the way, from where it was left; how the site is then, and the command that follows.

    Raises:
        EdgeVadError: As the command that failed.
    """
    site = wishes.site
    chosen = wishes.sources or choose_cameras(face, site, wishes.onvif, wishes.interface)
    add_cameras(face, site, chosen, wishes.login_file)
    _show_cameras(face, site, wishes.ignored)
    _add_notice(face, site, wishes.notify_file, wishes.picture)
    ways = _ways(site)
    _record(face, [each for each in ways if each.needs_footage], wishes)
    _learn(face, ways)
    return _finish(face, site, wishes.service)


def _ways(site: Path) -> list[CameraSteps]:
    return [CameraSteps(each, site) for each in read_site(site).cameras]


def _show_cameras(face: Face, site: Path, regions: Sequence[Polygon]) -> None:
    """Show the cameras that are new, and ask what they are to ignore."""
    for way in _ways(site):
        if way.needs_footage and not way.picture.exists():
            _show(face, way)
    new = [way for way in _ways(site) if way.needs_footage]
    open_to = [way for way in new if not way.has_footage and not way.camera.decision.ignore]
    if regions and len(open_to) > 1:
        raise WrongUse("--ignore is for one new camera", "begin with that one alone")
    for way in open_to:
        if ignored := regions or face.regions(way.camera.name, way.picture, _read_regions):
            words = ("config", "ignore", str(site), way.camera.name, *map(write_region, ignored))
            face.take(PlannedCommand("leave this out for good", words))


def _show(face: Face, way: CameraSteps) -> None:
    """Take a picture; where none can be had, its address can be said anew."""
    while lost := _lost(face, way.show(grid=not face.draws)):
        if face.is_unattended:
            place = way.site.parent / (way.camera.source_file or way.site.name)
            todo = f"{lost.todo}; correct its address in {place}, and give this command again"
            raise SourceLost(lost.what, todo)
        face.say(str(lost))
        change_source(face, way.site, way.camera.name)


def _lost(face: Face, step: PlannedCommand) -> SourceLost | None:
    """Take a step; why the camera does not answer, where that is so."""
    try:
        face.take(step)
    except SourceLost as error:
        return error
    return None


def _read_regions(said: str) -> tuple[Polygon, ...]:
    return parse_regions([part for part in said.split(";") if part.strip()])


def _add_notice(face: Face, site: Path, address_file: Path | None, picture: bool) -> None:
    """Let somebody be notified, if that is wanted and not so yet; a test message goes at once."""
    if read_site(site).sinks.notify:
        return
    if address_file is None:
        question = f"Address of a phone, mailbox or chat to notify, such as ntfys://TOPIC {_NONE}"
        address_file = face.text(question, "", lambda said: _kept_address(site, said))
        if address_file is None:
            return
        picture = picture or face.agrees("May pictures of events be sent there?")
    words = ["config", "notify", str(site), str(address_file)]
    words += ["--picture"] if picture else []
    face.take(PlannedCommand("notify somebody of events", tuple(words)))
    face.take(PlannedCommand("send a test message", ("notify", "--config", str(site))))


def _kept_address(site: Path, said: str) -> Path | None:
    if not said:
        return None
    kept = keep_secret(site, "phone", said)
    check_address(NotifySettings(name="phone", address_file=str(kept)))
    return kept


def _record(face: Face, ways: Sequence[CameraSteps], wishes: Wishes) -> None:
    """Record what is to be learnt, of all cameras at once."""
    if not ways:
        return
    duration = wishes.duration
    if duration is None:
        question = "How long to record? A whole day is best, some minutes the least"
        duration = face.text(question, USUAL_DURATION, _checked_duration)
    face.take(record(wishes.site, ways, duration, wishes.max_size))


def _checked_duration(said: str) -> str:
    parse_duration(said)
    return said


def _learn(face: Face, ways: Sequence[CameraSteps]) -> None:
    """Train, export and verify every camera; compile its scene where this device can."""
    target = find_target(read_fingerprint())
    for way in ways:
        for step in way.learn():
            face.take(step)
        if target is not None:
            _compile(face, way.compile(target))


def _compile(face: Face, step: PlannedCommand) -> None:
    """Build an engine; the site is watched without, where that cannot be."""
    try:
        face.take(step)
    except Unavailable as error:
        face.say(f"no engine: {error.what}; the site is watched without")


def _finish(face: Face, site: Path, service: bool) -> tuple[str, str]:
    """Check the site, and say how it is watched."""
    face.take(PlannedCommand("check the site file", ("config", "check", str(site))))
    if service or (has_systemd() and face.agrees("Watch from boot on, as a service?")):
        face.take(PlannedCommand("watch from boot on", ("service", "--config", str(site))))
        return "the site is watched", "journalctl --user -u edge-vad -f"
    serve = ["--serve"] if find_spec("starlette") else []
    token = site.parent / SECRETS / EDIT_TOKEN
    if serve and token.exists():
        serve += ["--edit-token-file", str(token)]
    return "the site is ready", shlex.join(["edge-vad", "run", "--config", str(site), *serve])
