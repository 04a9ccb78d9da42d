"""The address at which Prometheus reads."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge_vad.sinks.http.application import application
from edge_vad.sinks.http.auth import Authenticator, read_token
from edge_vad.sinks.http.middleware import AccessMiddleware, own_names
from edge_vad.sinks.http.server import HttpServer, listen
from edge_vad.sinks.http.tls import read_tls
from edge_vad.sinks.settings import MetricsSettings

_WHAT = "the metrics"
_MOST_AT_ONCE = 16


def serve(settings: MetricsSettings, registry: CollectorRegistry) -> HttpServer:
    """Serve the figures until the server is closed.

    Raises:
        BadInput: Somebody listens there already, the address is not this machine's, or the token
            or the certificate is not where it should be.
        Unavailable: The server cannot start.
    """
    access = Authenticator(read_token(settings, _WHAT))
    context = read_tls(settings)
    listener = listen(settings.address, settings.port, _WHAT)

    async def respond(request: Request) -> Response:
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": kind})

    app = application([Route("/metrics", respond, methods=["GET"])])
    guard = AccessMiddleware(app, access, own_names(settings.address, settings.hosts))
    return HttpServer(guard, listener, _MOST_AT_ONCE, _WHAT, context)
