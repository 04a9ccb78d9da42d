"""edge-vad init: the first hour, from a camera to a site that is watched."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from edge_vad.cli.asking import Asking
from edge_vad.cli.cameras import onvif_options
from edge_vad.cli.console import warn
from edge_vad.cli.giving import give, take
from edge_vad.cli.new_cameras import add_cameras, choose_cameras
from edge_vad.cli.quantities import parse_duration
from edge_vad.cli.record import max_size_option
from edge_vad.cli.site_edits import check_address, login_option
from edge_vad.cli.streams import print_next
from edge_vad.device.fingerprint import read_fingerprint
from edge_vad.doctor.backends import find_target
from edge_vad.errors import SourceLost, Unavailable, WrongUse
from edge_vad.guide.service import has_systemd
from edge_vad.guide.steps import CameraSteps, PlannedCommand, record
from edge_vad.installed import lacking
from edge_vad.preprocessing.regions import Polygon, parse_regions, write_region
from edge_vad.sinks.notify_settings import NotifySettings
from edge_vad.site.changes import keep_secret
from edge_vad.site.reading import read_site

SITE = "site.toml"
USUAL_DURATION = "1h"
_NONE = "(Enter: none)"
_EXTRAS = ("train", "export", "edit", "onvif")
"""What its commands need, besides what watching does."""
_EXAMPLE = """\b
Example:
  edge-vad init
  edge-vad init gate=/dev/video0 --duration 1d
  edge-vad init gate=rtsp://user:password@camera/stream --duration 2h --yes
"""


@click.command(epilog=_EXAMPLE)
@click.argument("sources", nargs=-1)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Folder of the site; made when missing. By default the present one.",
)
@click.option("--duration", help=f"Footage to learn from, such as 2h or 1d [{USUAL_DURATION}].")
@max_size_option
@click.option(
    "--ignore",
    metavar="REGION",
    multiple=True,
    help="Region of the one new camera that is left out for good, such as a clock, as for train.",
)
@onvif_options
@login_option
@click.option(
    "--notify-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with the address of a phone, mailbox or chat that is notified; see docs/sinks.md.",
)
@click.option("--picture", is_flag=True, help="Let pictures of events leave this machine.")
@click.option("--service", is_flag=True, help="Watch from boot on, as a service of this user.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what is usual.")
def init(
    sources: tuple[str, ...],
    out: Path,
    duration: str | None,
    max_size: str,
    ignore: tuple[str, ...],
    onvif: bool,
    interface: str | None,
    login_file: Path | None,
    notify_file: Path | None,
    picture: bool,
    service: bool,
    yes: bool,
) -> None:
    """Go from a camera to a site that is watched: the first hour.

    SOURCES are cameras, as record takes them; without any, those that are plugged in, and with
    --onvif those that answer on the network. They are written into site.toml, shown in a picture,
    recorded, learnt, exported, verified, and compiled where this device has TensorRT. Every step is
    a command of edge-vad, printed before it is run.

    Given again, the same command goes on where it was: what is on the disk is done.
    """
    asking, site, regions = Asking(unattended=yes), out / SITE, parse_regions(ignore)
    parse_duration(duration)
    _demand_packages()
    chosen = sources or choose_cameras(asking, site, onvif, interface)
    add_cameras(asking, site, chosen, login_file)
    _show_cameras(asking, site, regions)
    _add_notice(asking, site, notify_file, picture)
    ways = [CameraSteps(each, site) for each in read_site(site).cameras]
    _record(asking, site, [each for each in ways if each.needs_footage], duration, max_size)
    _learn(ways)
    _finish(asking, site, service)


def _demand_packages() -> None:
    """See to it that all commands can be given, before hours are recorded.

    Raises:
        Unavailable: Packages are missing.
    """
    missing = [name for extra in _EXTRAS for name in lacking(extra)]
    if missing:
        raise Unavailable(
            f"the first hour needs packages that are not installed: {', '.join(missing)}",
            f"run pip install 'edge-vad[cpu,{','.join(_EXTRAS)}]'; a machine that only watches "
            "takes the scene of another: docs/live.md",
        )


def _show_cameras(asking: Asking, site: Path, regions: Sequence[Polygon]) -> None:
    """Show the cameras that are new, and ask what they are to ignore."""
    ways = [CameraSteps(each, site) for each in read_site(site).cameras]
    new = [way for way in ways if way.needs_footage]
    for way in new:
        if not way.picture.exists():
            _show(way)
    open_to = [way for way in new if not way.has_footage and not way.camera.decision.ignore]
    if regions and len(open_to) > 1:
        raise WrongUse("--ignore is for one new camera", "begin with that one alone")
    for way in open_to:
        question = (
            f"Regions of {way.picture} to ignore for good, such as a clock: "
            f"[[x, y], [x, y], [x, y]], with ; between {_NONE}"
        )
        if ignored := regions or asking.text(question, "", _read_regions):
            give("config", "ignore", str(site), way.camera.name, *map(write_region, ignored))


def _show(way: CameraSteps) -> None:
    try:
        take(way.show())
    except SourceLost as error:
        place = f"{way.site.parent / (way.camera.source_file or way.site.name)}"
        raise SourceLost(
            error.what, f"{error.todo}; correct its address in {place}, and give this command again"
        ) from None


def _read_regions(said: str) -> tuple[Polygon, ...]:
    return parse_regions([part for part in said.split(";") if part.strip()])


def _add_notice(asking: Asking, site: Path, address_file: Path | None, picture: bool) -> None:
    """Let somebody be notified, if that is wanted and not so yet; a test message goes at once."""
    if read_site(site).sinks.notify:
        return
    if address_file is None:
        question = f"Address of a phone, mailbox or chat to notify, such as ntfys://TOPIC {_NONE}"
        address_file = asking.text(question, "", lambda said: _kept_address(site, said))
        if address_file is None:
            return
        picture = picture or asking.agrees("May pictures of events be sent there?")
    words = ["config", "notify", str(site), str(address_file)]
    give(*words, *(["--picture"] if picture else []))
    take(PlannedCommand("send a test message", ("notify", "--config", str(site))))


def _kept_address(site: Path, said: str) -> Path | None:
    if not said:
        return None
    kept = keep_secret(site, "phone", said)
    check_address(NotifySettings(name="phone", address_file=str(kept)))
    return kept


def _record(
    asking: Asking,
    site: Path,
    ways: Sequence[CameraSteps],
    duration: str | None,
    most: str,
) -> None:
    """Record what is to be learnt, of all cameras at once."""
    if not ways:
        return
    if duration is None:
        question = "How long to record? A whole day is best, some minutes the least"
        duration = asking.text(question, USUAL_DURATION, _checked_duration)
    take(record(site, ways, duration, most))


def _checked_duration(said: str) -> str:
    parse_duration(said)
    return said


def _learn(ways: Sequence[CameraSteps]) -> None:
    """Train, export and verify every camera; compile its scene where this device can."""
    target = find_target(read_fingerprint())
    for way in ways:
        for step in way.learn():
            take(step)
        if target is not None:
            _compile(way.compile(target))


def _compile(step: PlannedCommand) -> None:
    """Build an engine; the site is watched without, where that cannot be."""
    try:
        take(step)
    except Unavailable as error:
        warn(f"no engine: {error.what}; the site is watched without")


def _finish(asking: Asking, site: Path, service: bool) -> None:
    """Check the site, and say how it is watched."""
    give("config", "check", str(site))
    if service or (has_systemd() and asking.agrees("Watch from boot on, as a service?")):
        take(PlannedCommand("watch from boot on", ("service", "--config", str(site))))
        click.secho("\nthe site is watched", bold=True)
        print_next("journalctl --user -u edge-vad -f")
        return
    serve = ["--serve"] if find_spec("starlette") else []
    words = ["edge-vad", "run", "--config", str(site), *serve]
    click.secho("\nthe site is ready", bold=True)
    print_next(shlex.join(words))
