"""edge-vad serve: show the events that a run has written, or is writing."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from edge_vad.cli.console import note
from edge_vad.cli.page_options import PageOptions, listen_options
from edge_vad.errors import BadInput, Unavailable

_EXAMPLE = """\b
Example:
  edge-vad serve watched
  edge-vad serve watched --listen 0.0.0.0:8420 --token-file token.txt
"""
_CHECK_EVERY_S = 0.5


@click.command(epilog=_EXAMPLE)
@click.argument("folder", type=click.Path(path_type=Path))
@listen_options
@click.option("--log-json", is_flag=True, help="Log as JSON lines.")
def serve(
    folder: Path,
    page: PageOptions,
    log_json: bool,
) -> None:
    """Show the events of FOLDER in a browser, until Ctrl-C.

    FOLDER is what a live run was given as --out, or as folder in its site file. It may be going on:
    new events appear by themselves. To see its cameras as well, start the run with --serve.
    """
    settings = page.settings()
    if not folder.is_dir():
        raise BadInput(f"there is no folder {folder}", "give the folder that a live run writes to")
    from edge_vad.cli.signals import stopped_by_signals
    from edge_vad.live.logs import begin_log, end_log
    from edge_vad.sinks.page.server import serve as serve_page
    from edge_vad.sinks.store import StoredEvents
    from edge_vad.sinks.store.schema import DATABASE

    if not (folder / DATABASE).is_file():
        note(f"there are no events in {folder} yet")
    handler = begin_log(as_json=log_json)
    try:
        is_over = threading.Event()
        with stopped_by_signals(is_over.set):
            server = serve_page(settings, StoredEvents(folder), None)
            while server.is_alive and not is_over.wait(_CHECK_EVERY_S):
                pass
            has_died = not is_over.is_set()
            server.close(2.0)
        if has_died:
            raise Unavailable("the page is no longer served", "see the log for the reason")
    finally:
        end_log(handler)
