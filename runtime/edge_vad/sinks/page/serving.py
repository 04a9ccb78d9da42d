"""Starts the page: its token, its names and its server."""

from __future__ import annotations

import logging
from ipaddress import ip_address

from edge_vad.errors import BadInput
from edge_vad.sinks.page.access import Access
from edge_vad.sinks.page.app import PageApp
from edge_vad.sinks.page.guard import Guard, own_names
from edge_vad.sinks.page.live import LiveSite
from edge_vad.sinks.page.server import PageServer, listen, shown_address
from edge_vad.sinks.secret import read_secret
from edge_vad.sinks.settings import PageSettings
from edge_vad.sinks.store import StoredEvents

_SHORTEST_TOKEN = 16
_log = logging.getLogger(__name__)


def serve(settings: PageSettings, events: StoredEvents, live: LiveSite | None) -> PageServer:
    """Serve the page until the server is closed.

    Args:
        settings: Where, and to whom.
        events: The stored events.
        live: The live cameras, if any.

    Raises:
        BadInput: The port is taken, or the token is not where it should be.
        Unavailable: The server cannot start.
    """
    access = Access(_token(settings))
    listener = listen(settings.address, settings.port)
    # Cookies do not tell ports apart.
    cookie = f"edge_vad_{settings.port}"
    routes = PageApp(events, live, access, cookie).routes()
    guard = Guard(routes, access, own_names(settings.address, settings.hosts), cookie)
    server = PageServer(guard, listener)
    asks = "" if access.is_open else ", and asks for the token"
    _log.info("the page is at %s%s", page_url(settings), asks)
    return server


def page_url(settings: PageSettings) -> str:
    """Where the page is, as a browser on this machine takes it."""
    address = ip_address(settings.address)
    if address.is_unspecified:
        return f"http://{shown_address('127.0.0.1', settings.port)} (at all addresses)"
    return f"http://{shown_address(settings.address, settings.port)}"


def _token(settings: PageSettings) -> str | None:
    token = read_secret(settings.token_env, settings.token_file)
    if token is None:
        return None
    if len(token.strip()) < _SHORTEST_TOKEN:
        raise BadInput(
            f"the page's token is shorter than {_SHORTEST_TOKEN} characters",
            "make a longer one: openssl rand -hex 24",
        )
    return token.strip()
