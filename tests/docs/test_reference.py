"""The reference has everything that the code has."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import tomli
from docs_site.error_messages import PACKAGES, error_codes, error_messages
from docs_site.errors import errors_page
from docs_site.http_api import guide_routes, openapi, overview_routes, page_routes
from docs_site.reference import PAGES, metrics_page, topics_page
from docs_site.schemas import schemas

from edge_vad.cli import cli
from edge_vad.cli.score_summary import SourceScores
from edge_vad.outputs.jsonl import EventLine
from edge_vad.sinks.metrics.figures import Figures

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def _listed(items):
    for item in items:
        for value in item.values():
            yield from _listed(value) if isinstance(value, list) else [value]


def test_the_navigation_lists_every_page_once():
    nav = tomli.loads((DOCS / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    listed = list(_listed(nav))
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    made = {place for place in PAGES if place.endswith(".md")}
    assert len(listed) == len(set(listed))
    pages -= {"reference/README.md"}  # stands for those made, in a clone
    assert {each for each in listed if not each.startswith("project/")} == pages | made


@pytest.mark.parametrize("kind", error_codes())
def test_every_kind_of_error_has_a_section(kind):
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    headings = {each.lower().replace(" ", "-") for each in re.findall(r"^## (.+)$", text, re.M)}
    assert error_codes()[kind] in headings
    assert f"`{kind}`" in text or error_codes()[kind] == "refused-request"


def test_the_codes_are_those_of_the_classes():
    from edge_vad import errors
    from edge_vad.sinks.http import http_errors

    for module in (errors, http_errors):
        for name, code in error_codes().items():
            assert getattr(module, name, errors.EdgeVadError).code in (code, "failed")


def test_every_error_that_is_raised_is_on_the_page_of_messages():
    codes, page = error_codes(), errors_page()
    raised = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                call = node.exc if isinstance(node, ast.Raise) else None
                is_made = isinstance(call, ast.Call) and getattr(call.func, "id", "") in codes
                if is_made and len(call.args) == 2:
                    raised.add(f"{path.relative_to(ROOT)}:{call.lineno}")
    messages = error_messages(codes)
    assert len(raised) > 200
    assert raised <= {each.place for each in messages}
    rows = page.count("\n| ") - 2 * page.count("\n| --- ")
    said = {(codes[each.kind], each.what, each.todo) for each in messages if not each.is_passed_on}
    assert rows == len(said) > 200


def test_every_route_of_the_page_is_in_the_openapi_document():
    described = {
        (path, method.upper()) for path, item in openapi()["paths"].items() for method in item
    }
    routes = [*page_routes(), *guide_routes(), *overview_routes()]
    served = {(each.path, method) for each in routes for method in each.methods}
    assert described == {(path, method) for path, method in served if method != "HEAD"}


def test_every_command_has_a_section():
    page = PAGES["reference/commands.md"]()
    for name in cli.list_commands(None):
        assert f"## edge-vad {name}\n" in page


def test_topics_and_metrics_are_those_of_the_code():
    assert "`edge-vad/CAMERA/threshold/set`" in topics_page()
    assert "`edge_vad_frames_total` | counter | `camera`" in metrics_page()


def test_what_people_wrote_of_metrics_topics_and_routes_is_all_that_there_is():
    pages = ("events_to_programs.md", "page.md")
    sinks, api = ((DOCS / name).read_text(encoding="utf-8") for name in pages)
    families = {family.name for family in Figures(lambda: (), dict).families()}
    assert set(re.findall(r"`(edge_vad_\w+)`", sinks)) == families
    told = re.findall(r"`edge-vad/(?:CAMERA/)?([\w/]+)`", sinks)
    made = re.findall(r"`edge-vad/(?:CAMERA/)?([\w/]+)`", topics_page())
    assert set(made) - {"events/update", "events/end"} == set(told)  # told as /update and /end
    routes = [each for each in page_routes() if each.path.startswith("/api/")]
    assert len(routes) > 10
    for route in routes:
        path = re.sub(r"\{\w+\}", r"[\\w-]+", route.path)
        for method in route.methods - {"HEAD"}:
            assert re.search(rf"`{method} {path}[`?]", api), (method, path)


def test_a_record_that_extends_another_tells_what_every_field_means():
    records = schemas([EventLine, SourceScores])
    for record in (EventLine, SourceScores):
        fields = records[record.__name__]["properties"]
        assert [name for name, each in fields.items() if not each.get("description")] == []
