"""The HTTP API of the page: an OpenAPI document of its routes, and a page that shows it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, cast

from starlette.routing import Route

from docs_site.markdown import page, table
from docs_site.schemas import Schema, fields_table, schemas, values
from edge_vad.guide.page import GuideApp
from edge_vad.overview.app import OverviewApp
from edge_vad.sinks.http.operation import JSON, Operation, operation_of
from edge_vad.sinks.http.responses import ErrorResponse
from edge_vad.sinks.page.app import PageApp

DOCUMENT = "reference/openapi.json"
_REFERENCE = "#/components/schemas/{name}"
_EVERYWHERE = (401, 403, 404, 421, 429, 431, 503)
"""Statuses that any route may answer with; `docs/page.md` says why."""
_EMPTY = (304, 206, 416)
"""Statuses whose answers are no errors in JSON."""


def page_routes() -> list[Route]:
    """All routes of the page; what stands behind them is not there."""
    nothing = cast(Any, None)
    return _routes(PageApp(nothing, None, nothing))


def guide_routes() -> list[Route]:
    """All routes of the page of the first hour, in the same way."""
    nothing = cast(Any, None)
    return _routes(GuideApp(nothing, nothing))


def overview_routes() -> list[Route]:
    """All routes of the page over many boxes, in the same way."""
    nothing = cast(Any, None)
    return _routes(OverviewApp(nothing, nothing, nothing))


def _routes(app: PageApp | GuideApp | OverviewApp) -> list[Route]:
    return [each for each in app.routes().routes if isinstance(each, Route)]


def openapi(routes: Sequence[Route] | None = None) -> dict[str, Any]:
    """The OpenAPI document of these routes; by default of all that there are."""
    paths: dict[str, dict[str, Any]] = {}
    records = {ErrorResponse}
    every = [*page_routes(), *guide_routes(), *overview_routes()]
    for route in every if routes is None else routes:
        said = operation_of(route.endpoint)
        records |= {each for each in (said.body, said.answer) if each}
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(route.path, {})[method.lower()] = _described(route, said)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The page of edge-vad",
            "version": version("edge-vad"),
            "description": "Cameras, events and the site file of a live run; "
            "below /api/guide the questions of edge-vad init --serve; "
            "below /api/boxes many boxes, by edge-vad serve --sites.",
        },
        "security": [{}, {"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(records, _REFERENCE),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "edge_vad_8420"},
            },
        },
    }


def _described(route: Route, said: Operation) -> dict[str, Any]:
    endpoint = getattr(route.endpoint, "func", route.endpoint)
    described: dict[str, Any] = {
        "summary": (inspect.getdoc(endpoint) or "").rstrip("."),
        "parameters": [
            {
                "name": name,
                "in": each.place,
                "required": each.required,
                "description": each.meaning,
                "schema": dict(each.schema),
            }
            for name, each in said.parameters.items()
        ],
        "responses": {"200": _answer(said), **_refusals(said)},
    }
    if said.body:
        content = {JSON: {"schema": _reference(said.body)}}
        described["requestBody"] = {"required": True, "content": content}
    elif said.sent:
        schema = {"type": "string", "format": "binary"}
        described["requestBody"] = {"required": True, "content": {said.sent: {"schema": schema}}}
    return described


def _answer(said: Operation) -> dict[str, Any]:
    schema = _reference(said.answer) if said.answer else {}
    return {"description": "OK", "content": {kind: {"schema": schema} for kind in said.kinds}}


def _refusals(said: Operation) -> dict[str, Any]:
    error = {JSON: {"schema": _reference(ErrorResponse)}}
    return {
        str(status): {"description": HTTPStatus(status).phrase}
        | ({} if status in _EMPTY else {"content": error})
        for status in sorted({*said.statuses, *_EVERYWHERE})
    }


def _reference(record: type) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=record.__name__)}


def http_api_page() -> str:
    """The document as tables."""
    document = openapi()
    parts = [part for path, item in document["paths"].items() for part in _path(path, item)]
    records = document["components"]["schemas"]
    return page(
        "HTTP API",
        "[The page](../page.md#api) answers these requests, and that of "
        "[the first hour](../first_hour.md) those below `/api/guide`, that over "
        "[many boxes](../howto/many_boxes.md) those below `/api/boxes`. "
        "[openapi.json](openapi.json) says the same to programs, as OpenAPI 3.1. What is refused "
        "is answered by an [ErrorResponse](#errorresponse); [Access](../page.md#access) tells of "
        "tokens.",
        *parts,
        *(part for name, record in records.items() for part in _record(name, record)),
    )


def _path(path: str, item: Mapping[str, Any]) -> Iterator[str]:
    for method, said in item.items():
        if path.startswith("/api/"):
            yield f"## {method.upper()} {path}"
            yield f"{said['summary']}."
            yield table(("part", "values", "meaning"), map(_parameter, said["parameters"]))
            yield table(("", ""), _contents(said))


def _parameter(said: Mapping[str, Any]) -> tuple[str, str, str]:
    return f"`{said['name']}` ({said['in']})", values(said["schema"]), said["description"]


def _contents(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if body := said.get("requestBody"):
        for kind, content in body["content"].items():
            yield "sent", values(content["schema"]) if kind == JSON else f"`{kind}`"
    for kind, content in said["responses"]["200"]["content"].items():
        yield "answered", values(content["schema"]) if content["schema"] else f"`{kind}`"
    yield "refused with", ", ".join(code for code in said["responses"] if int(code) >= 400)


def _record(name: str, record: Schema) -> Iterator[str]:
    yield f"## {name}"
    yield record["description"]
    yield fields_table(record)


def openapi_text() -> str:
    """The OpenAPI document as it is written."""
    return json.dumps(openapi(), indent=2) + "\n"
