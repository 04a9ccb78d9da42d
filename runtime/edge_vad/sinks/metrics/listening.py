"""The address at which Prometheus reads."""

from __future__ import annotations

import hmac
import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from edge_vad.errors import BadInput
from edge_vad.sinks.secret import read_secret
from edge_vad.sinks.settings import MetricsSettings

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_SHORTEST_TOKEN = 16


def listen(
    settings: MetricsSettings, registry: CollectorRegistry
) -> tuple[WSGIServer, threading.Thread]:
    """Serve the figures in a thread of its own.

    Raises:
        BadInput: Somebody listens there already, the address is not this machine's, or the token
            is not where it should be.
    """
    token = read_secret(settings.token_env, settings.token_file)
    if token is not None and len(token) < _SHORTEST_TOKEN:
        raise BadInput(
            f"the token of the metrics is shorter than {_SHORTEST_TOKEN} characters",
            "make one with: openssl rand -hex 32",
        )
    application: Application = make_wsgi_app(registry)
    if token is not None:
        application = _guarded(application, token)
    try:
        server = make_server(
            settings.address,
            settings.port,
            application,
            _SixServer if ":" in settings.address else _Server,
            _Silent,
        )
    except OSError as error:
        raise BadInput(
            f"metrics cannot be told at {settings.address}:{settings.port} ({error.strerror})",
            "choose another port or address for the metrics",
        ) from None
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    return server, thread


def _guarded(application: Application, token: str) -> Application:
    """Answer only who sends `Authorization: Bearer TOKEN`; compared in constant time."""
    expected = f"Bearer {token}".encode()

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        given = str(environ.get("HTTP_AUTHORIZATION", "")).encode()
        if hmac.compare_digest(given, expected):
            return application(environ, start_response)
        asks = ("WWW-Authenticate", "Bearer")
        start_response("401 Unauthorized", [("Content-Type", "text/plain"), asks])
        return [b"send Authorization: Bearer and the token\n"]

    return guarded


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _SixServer(_Server):
    address_family = socket.AF_INET6


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: who reads how often is of no interest, and a header may be a secret."""
