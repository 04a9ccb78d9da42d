"""An application of routes whose errors all have one form."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from edge_vad.errors import EdgeVadError
from edge_vad.sinks.http.http_errors import NotFound
from edge_vad.sinks.http.responses import ErrorResponse, error_response, json_response

_log = logging.getLogger(__name__)


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """The routes, with JSON for every error and nothing of a fault shown."""
    app = Starlette(
        routes=routes,
        exception_handlers={
            EdgeVadError: _on_error,
            FileNotFoundError: _on_vanished,
            HTTPException: _on_http_error,
            ClientDisconnect: _on_gone,
            Exception: _on_fault,
        },
    )
    app.router.redirect_slashes = False
    return app


async def _on_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, EdgeVadError)  # noqa: S101 - registered for it alone
    return error_response(error)


async def _on_vanished(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return error_response(NotFound("it is no longer there", "load the page again"))


async def _on_http_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    todo = "docs/page.md lists what may be asked for"
    answer = json_response(ErrorResponse(error.detail.lower(), todo), error.status_code)
    answer.headers.update(error.headers or {})
    return answer


async def _on_gone(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Whoever leaves before all was sent is no fault of ours, and reads no answer."""
    return Response(status_code=400)


async def _on_fault(request: Request, error: Exception) -> Response:  # noqa: ARG001
    _log.error("the page failed with %s", type(error).__name__, exc_info=error)
    return json_response(ErrorResponse("the page failed", "see the log of edge-vad"), 500)
