"""edge-vad notify: try the addresses that messages go to."""

from __future__ import annotations

import time
from pathlib import Path

import click
import msgspec

from edge_vad.cli.console import note
from edge_vad.cli.options import json_option
from edge_vad.cli.streams import print_next, print_stdout
from edge_vad.errors import CheckFailed, WrongUse
from edge_vad.sinks.notify.trial import send_test_message
from edge_vad.site.reading import read_site


class TrialSummary(msgspec.Struct, frozen=True):
    """How a test message fared.

    Attributes:
        name: Of the entry of `[[sinks.notify]]`.
        is_delivered: Whether the service took it.
        why: Why not.
        seconds: How long it took.
    """

    name: str
    is_delivered: bool
    why: str
    seconds: float


@click.command(epilog="\b\nExample:\n  edge-vad notify --config site.toml\n")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    required=True,
    help="The site file; messages go to every [[sinks.notify]] of it.",
)
@json_option
def notify(config: Path, as_json: bool) -> None:
    """Send a test message to everyone who is notified of alarms.

    It goes at once, also in quiet hours, and does not count towards max_per_hour. Where
    picture = true it has a test picture.
    """
    trials = []
    for settings in read_site(config).sinks.notify:
        note(f"{settings.name}: sending, {settings.timeout_s:g} s at most")
        began_s = time.monotonic()
        why = send_test_message(settings)
        trials.append(TrialSummary(settings.name, not why, why, time.monotonic() - began_s))
        if not as_json:
            print_stdout(f"{settings.name}: {why or 'delivered'}")
    if not trials:
        raise WrongUse(
            f"nobody is notified by {config}",
            "add [[sinks.notify]] to it, as in docs/events_to_people.md",
        )
    if as_json:
        print_stdout(msgspec.json.encode(trials))
    failed = [f"{each.name}: {each.why}" for each in trials if not each.is_delivered]
    if failed:
        raise CheckFailed(
            f"not delivered: {'; '.join(failed)}",
            "check the address, and whether this machine reaches the service",
        )
    if not as_json:
        print_next(f"edge-vad run --config {config}")
