"""edge-vad site budget: divide accepted false alarms among cameras, of one box or of several."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from edge_vad.cli.console import note, progress
from edge_vad.cli.options import json_option
from edge_vad.cli.streams import print_next, print_stdout
from edge_vad.errors import BadInput, EdgeVadError, WrongUse
from edge_vad.false_alarms import describe_hours
from edge_vad.site.budget.listing import AcceptedRate, SitePart, SiteTails, divide
from edge_vad.site.budget.shares import added_up, describe_share
from edge_vad.site.editing import edit_site
from edge_vad.site.reading import read_site
from edge_vad.site.settings import SiteSettings
from edge_vad.untrusted import shown_path

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_WHOLE = 0.99
"""Of a budget: rates are rounded down, by a thousandth at most."""


class BudgetDocument(msgspec.Struct, frozen=True):
    """A budget, divided.

    Attributes:
        false_alarms: Accepted false alarms of all sites together.
        sites: The part of each.
        written: Whether the parts stand in the site files now.
    """

    false_alarms: str
    sites: list[SitePart]
    written: bool


@click.command(
    epilog="\b\nExample:\n  edge-vad site budget site.toml --false-alarms 3/day --write\n"
    "  edge-vad site budget north/site.toml south/site.toml --false-alarms 3/day\n"
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--false-alarms",
    help="Alarms you accept of all cameras together, such as 3/day; by default what the site files "
    "say, added up.",
)
@click.option("--write", is_flag=True, help="Write every site's part into its file.")
@json_option
def budget(files: tuple[Path, ...], false_alarms: str | None, write: bool, as_json: bool) -> None:
    """Divide accepted false alarms among the cameras of the site files FILES, by their scenes.

    Cameras and zones that say a rate keep it. The others share the rest so that thresholds lie as
    low as they can: docs/howto/site_budget.md. Every site gets a part of its own, and divides that
    by itself whenever its cameras change: boxes need neither one another nor a server.
    """
    if len({file.resolve() for file in files}) < len(files):
        raise WrongUse("a site file is given twice", "name each once")
    sites = [read_site(file) for file in files]
    total = false_alarms.strip() if false_alarms else _said(files, sites)
    parts = divide(total, _read(files, sites))
    if write:
        _write_all(files, sites, parts)
    if as_json:
        print_stdout(msgspec.json.encode(BudgetDocument(total, parts, write)))
        return
    for part in parts:
        _print(part)
    _note_extrapolated(parts)
    _note_left(total, parts)
    if write:
        print_next(
            *(shlex.join(["edge-vad", "run", "--config", each.file]) for each in parts),
            where=" on its box",
        )
    else:
        words = ["edge-vad", "site", "budget", *map(str, files), "--false-alarms", total, "--write"]
        print_next(shlex.join(words))


def _said(files: Sequence[Path], sites: Sequence[SiteSettings]) -> str:
    rates = []
    for file, site in zip(files, sites, strict=True):
        if site.false_alarms is None:
            raise WrongUse(
                f"{shown_path(file)} does not say what all of its cameras together accept",
                "add --false-alarms, such as --false-alarms 3/day",
            )
        rates.append(site.false_alarms)
    return added_up(rates)


def _read(files: Sequence[Path], sites: Sequence[SiteSettings]) -> list[SiteTails]:
    with progress("reading scenes", sum(len(site.cameras) for site in sites)) as advance:
        return [SiteTails.of(*each, advance) for each in zip(files, sites, strict=True)]


def _write_all(
    files: Sequence[Path], sites: Sequence[SiteSettings], parts: Sequence[SitePart]
) -> None:
    """Write the parts, each by itself: boxes are other machines.

    Raises:
        EdgeVadError: One cannot be written; it is told which are.
    """
    done = list[Path]()
    try:
        for file, site, part in zip(files, sites, parts, strict=True):
            _write(file, site, part.false_alarms)
            done.append(file)
    except EdgeVadError as error:
        if not done:
            raise
        written = ", ".join(map(shown_path, done))
        what = f"{error.what}; written is the part of {written} alone"
        raise type(error)(what, error.todo) from None


def _write(file: Path, site: SiteSettings, false_alarms: str) -> None:
    def put(document: TOMLDocument) -> None:
        document["false_alarms"] = false_alarms

    def check(found: SiteSettings) -> None:
        if found != msgspec.structs.replace(site, false_alarms=false_alarms):
            raise BadInput(
                f"{shown_path(file)} was changed while its part was computed",
                "give the same command again",
            )

    edit_site(file, put, check=check)


def _print(part: SitePart) -> None:
    print_stdout(f"{part.file}: {part.false_alarms}")
    width = max(len(each.name) for each in part.cameras)
    for each in part.cameras:
        share = describe_share(each.share or 0.0)
        own = ", says its own" if each.own else ""
        rate = f"{each.false_alarms:>14}  {share:>6}  threshold {each.threshold:.3g}{own}"
        print_stdout(f"  {each.name:<{width}}  {rate}")


def _note_extrapolated(parts: Sequence[SitePart]) -> None:
    """Say what no footage was long enough to show."""
    cameras = [each for part in parts for each in part.cameras]
    short = [each for each in cameras if each.extrapolated]
    if short:
        shortest: AcceptedRate = min(short, key=lambda each: each.normal_hours)
        note(
            f"of {len(cameras)} cameras {len(short)} are given rates rarer than their footage "
            f"could show, {shortest.name} by {describe_hours(shortest.normal_hours)} of it: their "
            "thresholds are extrapolated and may be far off"
        )


def _note_left(total: str, parts: Sequence[SitePart]) -> None:
    """Say what nobody takes: below the start of a tail there is no threshold."""
    taken = sum(each.share or 0.0 for part in parts for each in part.cameras)
    if taken < _WHOLE:
        note(
            f"all cameras together accept {describe_share(taken)} of {total}: lower thresholds "
            "would lie in the midst of normal scores"
        )
