"""Links, headings and paths in README and docs exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs_site.reference import PAGES as MADE
from docs_site.staging import made_page, mend

ROOT = Path(__file__).parents[2]
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))]
PAGES += [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "examples/README.md"]

REFERENCE = ROOT / "docs/reference/README.md"

_PACKAGES = (
    "runtime/edge_vad",
    "runtime/edge_vad_street",
    "train/edge_vad_train",
    "export/edge_vad_export",
    "benchmarks/edge_vad_bench",
)
_PATH = re.compile(r"`((?:[a-z_0-9]+/)*[a-z_0-9]+\.(?:py|toml|txt)|(?:[a-z_0-9]+/)+)`")
_MADE = {"site.toml", "fps.txt", "token.txt"}
"""Files of users."""


def _anchors(page: Path) -> set[str]:
    """What may stand behind `#`: headings as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


@pytest.mark.parametrize(
    "page", [ROOT / "docs/development.md", REFERENCE], ids=lambda page: page.parent.name
)
def test_every_path_exists(page):
    roots = [ROOT, *(ROOT / package for package in _PACKAGES)]
    roots += [room for root in roots[1:] for room in root.iterdir() if room.is_dir()]
    for path in set(_PATH.findall(page.read_text(encoding="utf-8"))) - _MADE:
        assert any((root / path).exists() for root in roots), path


def test_the_reference_in_a_clone_has_a_heading_for_every_page_that_is_made():
    made = {place for place in MADE if place.endswith(".md")}
    assert {made_page(each) for each in _anchors(REFERENCE)} == made | {made_page("reference")}
    built = re.findall(r"`site/(reference/\w+)\.html`", REFERENCE.read_text(encoding="utf-8"))
    assert sorted(f"{each}.md" for each in built) == sorted(made)


def test_in_the_site_a_link_to_the_reference_leads_to_the_page_that_is_made(tmp_path):
    folder = tmp_path / "pages"
    (folder / "howto").mkdir(parents=True)
    page = folder / "howto/many_boxes.md"
    page.write_text("[HTTP](../reference/README.md#http-api), [page](../page.md#api)")
    mend(page, folder)
    assert page.read_text() == "[HTTP](../reference/http_api.md), [page](../page.md#api)"


@pytest.mark.parametrize(
    "package", [*_PACKAGES, "runtime/edge_vad/sinks", "runtime/edge_vad/sources"]
)
def test_every_room_and_loose_module_has_a_row_in_the_map(package):
    text = (ROOT / "docs/development.md").read_text(encoding="utf-8")
    _, _, rows = text.partition(f"room in `{package}/` |")
    rows, _, _ = rows.partition("\n\n")
    children = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (ROOT / package).iterdir()
        if (path / "__init__.py").exists() or (path.suffix == ".py" and path.name[0] != "_")
    }
    assert children
    assert children - set(re.findall(r"`([^`]+)`", rows)) == set()
