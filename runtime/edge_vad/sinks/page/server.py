"""Starts the page: its token, its names and its server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from edge_vad.sinks.edits import SiteEditor
from edge_vad.sinks.http.auth import (
    Authenticator,
    read_deploy_token,
    read_edit_token,
    read_token,
)
from edge_vad.sinks.http.middleware import AccessMiddleware, own_names
from edge_vad.sinks.http.server import HttpServer, listen, shown_address
from edge_vad.sinks.http.tls import read_tls
from edge_vad.sinks.page.app import PageApp
from edge_vad.sinks.page.live_site import LiveSite
from edge_vad.sinks.page.login_routes import is_open
from edge_vad.sinks.page.push_routes import deploys
from edge_vad.sinks.pushes import PushDesk
from edge_vad.sinks.settings import PageSettings
from edge_vad.sinks.store import StoredEvents

if TYPE_CHECKING:  # or where Starlette is missing that would be all that is said
    from starlette.types import ASGIApp

_WHAT = "the page"
_MOST_AT_ONCE = 64
_log = logging.getLogger(__name__)


def serve(
    settings: PageSettings,
    events: StoredEvents,
    live: LiveSite | None,
    editor: SiteEditor | None = None,
    pushes: PushDesk | None = None,
) -> HttpServer:
    """Serve the page until the server is closed.

    Args:
        settings: Where, and to whom.
        events: The stored events.
        live: The live cameras, if any.
        editor: Who changes the site file, if there is one; only asked with a token for changes.
        pushes: Who takes scenes that are rolled out, if anybody does.

    Raises:
        BadInput: The port is taken, or the token is not where it should be.
        Unavailable: The server cannot start.
    """

    def app(access: Authenticator) -> ASGIApp:
        edits = editor if access.is_split else None
        return PageApp(events, live, access, edits, pushes).routes()

    return serve_app(settings, events.folder, app)


def serve_app(
    settings: PageSettings, folder: Path, app: Callable[[Authenticator], ASGIApp]
) -> HttpServer:
    """Serve an application with the page's access until the server is closed.

    Args:
        settings: Where, and to whom.
        folder: Keeps which sessions were ended.
        app: Makes the application, of who knows tokens and sessions.

    Raises:
        BadInput: The port is taken, or the token is not where it should be.
        Unavailable: The server cannot start.
    """
    # Cookies do not tell ports apart.
    cookie = f"edge_vad_{settings.port}"
    ended = folder / f".page-{settings.port}.json"
    token = read_token(settings, _WHAT)
    edit_token = read_edit_token(settings, token)
    deploy_token = read_deploy_token(settings, (token, edit_token))
    context = read_tls(settings)
    access = Authenticator(
        token, cookie=cookie, ended=ended, edit_token=edit_token, deploy_token=deploy_token
    )
    listener = listen(settings.address, settings.port, _WHAT)
    names = own_names(settings.address, settings.hosts)
    guard = AccessMiddleware(app(access), access, names, is_open, deploys)
    server = HttpServer(guard, listener, _MOST_AT_ONCE, _WHAT, context)
    asks = "" if access.is_open else ", and asks for the token"
    _log.info("the page is at %s%s", page_url(settings), asks)
    return server


def page_url(settings: PageSettings) -> str:
    """Where the page is, as a browser on this machine takes it."""
    scheme = "http" if settings.cert_file is None else "https"
    address = ip_address(settings.address)
    if address.is_unspecified:
        return f"{scheme}://{shown_address('127.0.0.1', settings.port)} (at all addresses)"
    return f"{scheme}://{shown_address(settings.address, settings.port)}"
