"""edge-vad init: the first hour, from a camera to a site that is watched."""

from __future__ import annotations

from pathlib import Path

import click

from edge_vad.cli.cameras import onvif_options
from edge_vad.cli.first_hour import USUAL_DURATION, Wishes, lead
from edge_vad.cli.page_options import PageOptions, page_options
from edge_vad.cli.quantities import parse_duration
from edge_vad.cli.record import max_size_option
from edge_vad.cli.site_edits import login_option
from edge_vad.cli.streams import print_next
from edge_vad.cli.terminal import Terminal
from edge_vad.errors import Unavailable
from edge_vad.installed import lacking
from edge_vad.preprocessing.regions import parse_regions

SITE = "site.toml"
_EXTRAS = ("train", "export", "edit", "onvif")
"""What its commands need, besides what watching does."""
_EXAMPLE = """\b
Example:
  edge-vad init
  edge-vad init --serve
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
    help="File with the address of a phone, mailbox or chat; see docs/events_to_people.md.",
)
@click.option("--picture", is_flag=True, help="Let pictures of events leave this machine.")
@click.option("--service", is_flag=True, help="Watch from boot on, as a service of this user.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what is usual.")
@page_options("Ask, and show all of it, in a browser")
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
    page: PageOptions,
) -> None:
    """Go from a camera to a site that is watched: the first hour.

    SOURCES are cameras, as record takes them; without any, those that are plugged in, and with
    --onvif those that answer on the network. They are written into site.toml, shown in a picture,
    recorded, learnt, exported, verified, and compiled where this device has TensorRT. Every step is
    a command of edge-vad, printed before it is run.

    With --serve questions are asked in a browser, by whoever knows the token for changes; without
    --edit-token-file one is made, in secrets/edit-token.

    Given again, the same command goes on where it was: what is on the disk is done.
    """
    page.demand_wanted()
    face = None if page.is_wanted else Terminal(unattended=yes)
    wishes = Wishes(
        site=out / SITE,
        sources=sources,
        duration=duration,
        max_size=max_size,
        ignored=parse_regions(ignore),
        onvif=onvif,
        interface=interface,
        login_file=login_file,
        notify_file=notify_file,
        picture=picture,
        service=service,
    )
    parse_duration(duration)
    _demand_packages()
    if face is None:
        from edge_vad.cli.first_hour_page import lead_in_browser

        said, following = lead_in_browser(page, wishes, unattended=yes)
    else:
        said, following = lead(face, wishes)
    click.secho(f"\n{said}", bold=True)
    print_next(following)


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
