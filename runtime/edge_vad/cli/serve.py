"""edge-vad serve: show the events that a run has written, or is writing, or those of many boxes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_vad.cli.console import note
from edge_vad.cli.page_options import PageOptions, listen_options
from edge_vad.errors import BadInput, Unavailable, WrongUse

if TYPE_CHECKING:
    from edge_vad.sinks.http.server import HttpServer
    from edge_vad.sinks.settings import PageSettings

_EXAMPLE = """\b
Example:
  edge-vad serve watched
  edge-vad serve watched --listen 0.0.0.0:8420 --token-file token.txt
  edge-vad serve --sites boxes.toml
"""
_CHECK_EVERY_S = 0.5
_CLOSING_S = 2.0


@click.command(epilog=_EXAMPLE)
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option(
    "--sites",
    metavar="BOXES",
    help="Show many boxes on one page: a file that lists them, or NAME=https://HOST:PORT,...",
)
@listen_options
@click.option("--log-json", is_flag=True, help="Log as JSON lines.")
def serve(folder: Path | None, sites: str | None, page: PageOptions, log_json: bool) -> None:
    """Show the events of FOLDER in a browser, until Ctrl-C.

    FOLDER is what a live run was given as --out, or as folder in its site file. It may be going on:
    new events appear by themselves. To see its cameras as well, start the run with --serve.

    With --sites the cameras, states and events of many boxes are shown on one page. A box is a
    machine with a page of its own, of run --serve or of serve. Its token stands in a file that the
    list names, or in a variable: that of NAME in EDGE_VAD_TOKEN_NAME. FOLDER, if there is one, then
    keeps what is known of the boxes for the next start.
    """
    settings = page.settings()
    if sites is None and folder is None:
        raise WrongUse("nothing is said to be shown", "give a FOLDER, or --sites BOXES")
    if sites is None and folder is not None and not folder.is_dir():
        raise BadInput(f"there is no folder {folder}", "give the folder that a live run writes to")
    from edge_vad.cli.signals import stopped_by_signals
    from edge_vad.live.logs import begin_log, end_log

    handler = begin_log(as_json=log_json)
    try:
        is_over = threading.Event()
        with stopped_by_signals(is_over.set), _served(settings, sites, folder) as server:
            while server.is_alive and not is_over.wait(_CHECK_EVERY_S):
                pass
            has_died = not is_over.is_set()
        if has_died:
            raise Unavailable("the page is no longer served", "see the log for the reason")
    finally:
        end_log(handler)


@contextmanager
def _served(settings: PageSettings, sites: str | None, folder: Path | None) -> Iterator[HttpServer]:
    if sites is not None:
        from edge_vad.overview.serving import overview
        from edge_vad.site.boxes import are_named, named_boxes, read_boxes

        boxes = named_boxes(sites) if are_named(sites) else read_boxes(Path(sites))
        with overview(settings, boxes, folder) as server:
            yield server
        return
    assert folder is not None  # noqa: S101 - one of both is given
    from edge_vad.sinks.page.server import serve as serve_page
    from edge_vad.sinks.store import StoredEvents
    from edge_vad.sinks.store.schema import DATABASE

    if not (folder / DATABASE).is_file():
        note(f"there are no events in {folder} yet")
    server = serve_page(settings, StoredEvents(folder), None)
    try:
        yield server
    finally:
        server.close(_CLOSING_S)
