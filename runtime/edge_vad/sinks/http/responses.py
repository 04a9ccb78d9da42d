"""JSON responses, and errors with what the command line says of them."""

from __future__ import annotations

import hashlib

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from edge_vad.errors import EdgeVadError, WrongUse, page_of
from edge_vad.sinks.http.http_errors import HttpError, TooManyTries
from edge_vad.sinks.pushes import PushRefused

_BAD_REQUEST, _UNAVAILABLE = 400, 503


class ErrorResponse(msgspec.Struct, frozen=True):
    """An error.

    Attributes:
        error: What happened.
        todo: What to do.
        code: Its kind.
        page: Where the kind is documented.
    """

    error: str
    todo: str
    code: str = HttpError.code
    page: str = page_of(HttpError.code)


class Done(msgspec.Struct, frozen=True):
    """It is done."""

    ok: bool = True


DONE = Done()


def json_response(document: object, status: int = 200) -> Response:
    """A document as JSON."""
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def json_unless_known(request: Request, document: object) -> Response:
    """A document as JSON, or nothing when the browser has the same already."""
    body = msgspec.json.encode(document)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def error_response(error: EdgeVadError) -> Response:
    """An error, with the status of HTTP that stands for it."""
    status = _BAD_REQUEST if isinstance(error, WrongUse) else _UNAVAILABLE
    if isinstance(error, (HttpError, PushRefused)):
        status = error.status
    answer = json_response(ErrorResponse(**error.document), status)
    if isinstance(error, TooManyTries):
        answer.headers["retry-after"] = f"{error.wait_s:.0f}"
    elif answer.status_code == 401:
        answer.headers["www-authenticate"] = "Bearer"
    return answer
