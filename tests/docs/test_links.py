"""Links, headings and paths in README and docs exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs_site.reference import PAGES as MADE

ROOT = Path(__file__).parents[2]
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))]
PAGES += [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "examples/README.md"]

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
        if target.parent == ROOT / "docs/reference":  # made from the code
            assert str(target.relative_to(ROOT / "docs")) in MADE, link
            continue
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


@pytest.mark.parametrize("page", [ROOT / "docs/development.md"], ids=lambda page: page.name)
def test_every_path_exists(page):
    roots = [ROOT, *(ROOT / package for package in _PACKAGES)]
    roots += [room for root in roots[1:] for room in root.iterdir() if room.is_dir()]
    for path in set(_PATH.findall(page.read_text(encoding="utf-8"))) - _MADE:
        assert any((root / path).exists() for root in roots), path


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
