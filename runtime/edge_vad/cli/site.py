"""edge-vad site: what concerns all cameras of a site, or several boxes, together."""

from __future__ import annotations

import click

from edge_vad.cli.site_budget import budget
from edge_vad.cli.site_push import key, push, rollback


@click.group()
def site() -> None:
    """See to all cameras of a site together, or to those of several boxes."""


for each in (budget, push, rollback, key):
    site.add_command(each)
