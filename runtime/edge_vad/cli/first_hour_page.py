"""The first hour in a browser: the page, and trying again what failed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from edge_vad.cli.console import note
from edge_vad.cli.first_hour import EDIT_TOKEN, Wishes, lead
from edge_vad.cli.page_options import PageOptions
from edge_vad.cli.signals import clear_interrupt, interrupt, stopped_by_signals
from edge_vad.errors import EdgeVadError
from edge_vad.files.atomic import make_private_folder
from edge_vad.guide.browser import Browser
from edge_vad.guide.conversation import Conversation, GuideEnding
from edge_vad.live.logs import begin_log, end_log
from edge_vad.sinks.settings import PageSettings
from edge_vad.site.changes import SECRETS, keep_secret


def lead_in_browser(page: PageOptions, wishes: Wishes, *, unattended: bool) -> tuple[str, str]:
    """Go all the way with whoever has the page open; see `lead`.

    What fails is told there, and may be tried again. Once all is done, the page stays until Ctrl-C.

    Args:
        page: Where it is.
        wishes: What was said on the command line.
        unattended: Whether the page only shows, and this ends as it would on a terminal.

    Raises:
        EdgeVadError: The page cannot be served, or nobody is asked and a command failed.
    """
    conversation = Conversation()
    clear_interrupt()
    with _served(page, wishes.site, conversation), stopped_by_signals(interrupt):
        face = Browser(conversation, _echo, unattended=unattended)
        done = _lead(face, wishes, conversation)
        conversation.end(GuideEnding(True, *done))
        if not unattended:
            note("Ctrl-C ends the page")
            _stay(conversation)
    return done


def _lead(face: Browser, wishes: Wishes, conversation: Conversation) -> tuple[str, str]:
    while (done := _tried(face, wishes, conversation)) is None:
        conversation.wait_for_another_try()
    return done


def _tried(face: Browser, wishes: Wishes, conversation: Conversation) -> tuple[str, str] | None:
    """Go all the way; None, once the reason is told, where that cannot be."""
    try:
        return lead(face, wishes)
    except EdgeVadError as error:
        if face.is_unattended:
            raise
        click.echo(f"{error.what}\n  -> {error.todo}", err=True)
        conversation.end(GuideEnding(False, error.what, error.todo))
        return None


def _stay(conversation: Conversation) -> None:
    """Let what was reached be read."""
    try:
        conversation.wait_for_another_try()
    except KeyboardInterrupt:
        clear_interrupt()


@contextmanager
def _served(page: PageOptions, site: Path, conversation: Conversation) -> Iterator[None]:
    from edge_vad.guide.page import serve_guide
    from edge_vad.sinks.page.server import page_url

    settings = page.settings()
    folder = site.parent / SECRETS
    make_private_folder(folder)
    if settings.edit_token_file is None and settings.edit_token_env is None:
        settings = _with_token(settings, site)
    handler = begin_log(as_json=False)
    try:
        server = serve_guide(settings, folder, conversation)
        try:
            at = settings.edit_token_file or f"the variable {settings.edit_token_env}"
            click.secho(f"open {page_url(settings)}; its token for changes is in {at}", bold=True)
            yield
        finally:
            server.close(2.0)
    finally:
        end_log(handler)


def _with_token(settings: PageSettings, site: Path) -> PageSettings:
    """Make a token for changes; the one that an earlier call made is kept."""
    place = site.parent / SECRETS / EDIT_TOKEN
    if not place.exists():
        keep_secret(site, EDIT_TOKEN, secrets.token_hex(24))
    return msgspec.structs.replace(settings, edit_token_file=str(place))


def _echo(command: str) -> None:
    click.secho(f"$ {command}", bold=True)
