"""The page answers as its OpenAPI document says, whatever is asked of it."""

from __future__ import annotations

import pytest

from edge_vad.sinks.http.operation import operation_of
from edge_vad.sinks.page.app import PageApp


@pytest.mark.long
@pytest.mark.parametrize("token", ["", "right", "wrong"])
def test_requests_made_from_the_document_find_no_fault(
    serve, events, document, tmp_path, web, token
):
    page = serve(token=bool(token))
    page.store.event("gate", events.new(events.live()))
    # Tokens that are guessed by logging in would keep the right one out for a minute.
    options = {
        "": (),
        "right": ("--header", f"Authorization: Bearer {web.token}", "--exclude-path", "/api/login"),
        "wrong": ("--header", "Authorization: Bearer nonsense"),
    }[token]
    done = web.generated(page.port, document, tmp_path, *options)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_a_document_that_says_something_else_is_found_out(serve, document, tmp_path, web):
    page = serve()
    answer = document["components"]["schemas"]["SiteResponse"]["properties"]["live"]
    answer["type"] = "integer"
    document["paths"] = {"/api/site": document["paths"]["/api/site"]}
    done = web.generated(page.port, document, tmp_path)
    assert done.returncode == 1
    assert "SiteResponse" in done.stdout or "schema" in done.stdout


def test_a_route_that_nobody_described_is_no_part_of_the_page():
    with pytest.raises(LookupError, match="not described"):
        operation_of(PageApp.routes)


def test_a_method_that_a_route_does_not_have_is_answered_with_those_that_it_has(page):
    answer = page.ask("/api/site", "PUT", b"")
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
