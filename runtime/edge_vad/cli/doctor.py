"""edge-vad doctor: what this machine has and lacks, and how to fix it."""

from __future__ import annotations

import click
import msgspec
from rich.console import Console

_EXAMPLE = """\b
Example:
  edge-vad doctor --json > doctor.json
"""


@click.command(epilog=_EXAMPLE)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def doctor(as_json: bool) -> None:
    """Look at this machine: its fingerprint, backends, cameras, power mode and clocks.

    Every backend is loaded and started, as far as that goes without a scene; what cannot be used
    is named with its mend. Changes nothing, and ends with exit code 0 whatever it finds.
    """
    from edge_vad.doctor.examination import examine
    from edge_vad.doctor.table import show

    report = examine()
    if as_json:
        click.echo(msgspec.json.encode(report))
        return
    show(report, Console(highlight=False))
    if report.fastest is None:
        click.echo("\nno backend works yet: mend one of the above")
        return
    click.echo(f"\nauto would choose: {report.fastest}")
    click.echo("\nnext: edge-vad selftest")
