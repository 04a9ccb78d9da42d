"""The page answers as its OpenAPI document says, whatever is asked of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from docs_site.http_api import openapi

from edge_vad.sinks.http.operation import operation_of
from edge_vad.sinks.page.app import PageApp

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,unsupported_method"
)


def _requests(document, address, folder, *options):
    """What a tool that is generated from the document finds wrong with the page."""
    path = folder / "openapi.json"
    path.write_text(json.dumps(document))
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(path), "--url", address),
        *("--checks", CHECKS, "--seed", "1", "--generation-deterministic", "--no-color"),
        *("--request-timeout", "60", "--workers", "1", *options),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.long
@pytest.mark.parametrize("has_token", [False, True])
def test_requests_made_from_the_document_find_no_fault(serve, events, tmp_path, web, has_token):
    page = serve(token=has_token)
    page.store.event("gate", events.new(events.live()))
    headers = ["--header", f"Authorization: Bearer {web.token}"] if has_token else []
    address = f"http://127.0.0.1:{page.port}"
    done = _requests(openapi(), address, tmp_path, "--max-examples", "25", *headers)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_a_document_that_says_something_else_is_found_out(serve, tmp_path):
    page = serve()
    document = openapi()
    answer = document["components"]["schemas"]["SiteResponse"]["properties"]["live"]
    answer["type"] = "integer"
    document["paths"] = {"/api/site": document["paths"]["/api/site"]}
    done = _requests(document, f"http://127.0.0.1:{page.port}", tmp_path, "--max-examples", "2")
    assert done.returncode == 1
    assert "SiteResponse" in done.stdout or "schema" in done.stdout


def test_a_route_that_nobody_described_is_no_part_of_the_page():
    with pytest.raises(LookupError, match="not described"):
        operation_of(PageApp.routes)


def test_a_method_that_a_route_does_not_have_is_answered_with_those_that_it_has(page):
    answer = page.ask("/api/site", "PUT", b"")
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
