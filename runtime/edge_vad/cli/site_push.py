"""edge-vad site push, rollback and key: scenes that are rolled out to boxes."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from edge_vad.cli.console import note
from edge_vad.cli.options import json_option
from edge_vad.cli.quantities import parse_duration
from edge_vad.cli.streams import print_next, print_stdout
from edge_vad.errors import EdgeVadError, WrongUse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from edge_vad.push.folder import SignedPush
    from edge_vad.push.rollout import BoxOutcome
    from edge_vad.site.boxes import SiteBox


class NotAllPushed(EdgeVadError):
    """A push that not all boxes took over."""

    code = "push-failed"


_PUSH_EXAMPLE = """\b
Examples:
  edge-vad site push scenes/ --to boxes.toml --key site.key --dry-run
  edge-vad site push scenes/ --to boxes.toml --key site.key
  edge-vad site push scenes/ --to boxes.toml --key site.key --only north --only south
"""


@click.command(epilog=_PUSH_EXAMPLE)
@click.argument("scenes", type=click.Path(path_type=Path))
@click.option(
    "--to", "to", required=True, type=click.Path(path_type=Path), help="File of boxes, TOML."
)
@click.option(
    "--key", required=True, type=click.Path(path_type=Path), help="Key that signs, of site key new."
)
@click.option("--only", multiple=True, metavar="BOX", help="Push to this box alone; repeatable.")
@click.option(
    "--serial",
    type=click.IntRange(min=1),
    help="Number of the push, above those before; by default the seconds since 1970.",
)
@click.option(
    "--expires",
    default="1h",
    show_default=True,
    metavar="DURATION",
    help="How long the push may be taken.",
)
@click.option(
    "--timeout",
    default="20m",
    show_default=True,
    metavar="DURATION",
    help="How long a box may take to try the push and take it over.",
)
@click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Boxes that are pushed to at a time.",
)
@click.option("--dry-run", is_flag=True, help="Check and sign all, and ask what the boxes hold.")
@json_option
def push(
    scenes: Path,
    to: Path,
    key: Path,
    only: tuple[str, ...],
    serial: int | None,
    expires: str,
    timeout: str,
    at_once: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Roll out the scenes of the folder SCENES to boxes, signed.

    SCENES/BOX is for the box of that name; where there is no such folder, what lies in SCENES
    itself is for every box. Scene models and site.toml may lie there, and nothing else. A box looks
    at the signature, checks the scenes, runs their selftest, takes them over without a restart, and
    keeps what held before: edge-vad site rollback.

    Exit code 0 when every box took the push over, 1 when one did not.
    """
    from edge_vad.push.keys import read_private
    from edge_vad.push.rollout import Rollout

    boxes, private = _chosen(to, only), read_private(key)
    number, until = serial or int(time.time()), int(time.time() + (parse_duration(expires) or 0))
    pushes = {box.name: _signed(scenes, box, number, until, private) for box in boxes}
    rollout = Rollout(
        lambda box, stage: note(f"{box}: {stage}"), parse_duration(timeout) or 0, dry_run=dry_run
    )
    outcomes = rollout.run(boxes, lambda box: pushes[box.name], at_once)
    if as_json:
        print_stdout(msgspec.json.encode({"push": number, "boxes": outcomes}))
    else:
        _show(outcomes)
    failed = [each for each in outcomes if not each.is_good]
    if failed:
        raise NotAllPushed(
            f"{len(failed)} of {len(outcomes)} boxes did not take push {number} over",
            f"{failed[0].box}: {failed[0].todo}",
        )
    if not as_json and dry_run:
        print_next(f"edge-vad site push {scenes} --to {to} --key {key}")


def _chosen(to: Path, only: tuple[str, ...]) -> list[SiteBox]:
    from edge_vad.site.boxes import read_boxes

    boxes = read_boxes(to)
    names = [box.name for box in boxes]
    if unknown := next((each for each in only if each not in names), None):
        raise WrongUse(f"there is no box {unknown!r} in {to}", f"use {', '.join(names)}")
    return [box for box in boxes if not only or box.name in only]


def _signed(
    scenes: Path, box: SiteBox, serial: int, until: int, key: Ed25519PrivateKey
) -> SignedPush:
    from edge_vad.push.folder import folder_of, read_folder, signed

    folder = folder_of(scenes, box.name)
    return signed(folder, read_folder(folder), box.name, serial, until, key)


def _show(outcomes: list[BoxOutcome]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("box", "outcome", "holds", "files", "MB", "cameras", "s", "code"):
        is_number = title in ("holds", "files", "MB", "cameras", "s")
        table.add_column(title, justify="right" if is_number else "left", overflow="fold")
    for each in outcomes:
        holds = "-" if each.serial is None else str(each.serial)
        figures = (str(each.files), f"{each.size / 1e6:.1f}", str(each.cameras))
        table.add_row(each.box, each.outcome, holds, *figures, f"{each.seconds:.1f}", each.code)
    Console(highlight=False, markup=False).print(table)
    for each in outcomes:
        if not each.is_good:
            click.echo(f"{each.box}: {each.error}\n  -> {each.todo}")


@click.command(epilog="\b\nExample:\n  edge-vad site rollback --config site.toml\n")
@click.option(
    "--config",
    required=True,
    type=click.Path(path_type=Path),
    help="The site file of this box.",
)
@json_option
def rollback(config: Path, as_json: bool) -> None:
    """Take the scenes and the site file that held before the push, on this box.

    A run that goes on takes them over at once. What holds now is kept in their place, so that a
    second roll-back takes it again.
    """
    from edge_vad.push.roll_back import roll_back

    done = roll_back(config)
    if as_json:
        print_stdout(msgspec.json.encode(done))
        return
    held = f"push {done.serial}" if done.serial else "what held before any push"
    click.echo(f"{held} holds now; push {done.kept} is kept")
    if not done.running:
        print_next(f"edge-vad run --config {config}")


@click.group()
def key() -> None:
    """Keys that pushes are signed with."""


@key.command(epilog="\b\nExample:\n  edge-vad site key new site.key\n")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="operator", show_default=True, help="What boxes call it.")
@json_option
def new(file: Path, name: str, as_json: bool) -> None:
    """Make a key: FILE for you alone, and FILE.pub for the boxes."""
    from edge_vad.push.keys import make_key

    if not name.isprintable() or not name.strip():
        raise WrongUse(f"{name!r} is no name", "use letters, digits and blanks")
    public = make_key(file, name)
    if as_json:
        print_stdout(msgspec.json.encode({"key": str(file), "public": str(public)}))
        return
    click.echo(f"{file}: keep it; whoever has it rolls out scenes")
    click.echo(f"{public}: add its line to the keys_file of every box:")
    click.echo(f"  {public.read_text(encoding='utf-8').strip()}")
    print_next(f"edge-vad site push SCENES --to boxes.toml --key {shlex.quote(str(file))}")
