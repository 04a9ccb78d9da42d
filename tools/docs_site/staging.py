"""Copies what the site is made of into one folder, with links that hold there."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from docs_site.formulas import with_formulas
from docs_site.reference import PAGES
from edge_vad_bench.report.rendering import write_pages
from edge_vad_bench.store import read_all

ROOT = Path(__file__).parents[2]
BOARDS = ROOT / "benchmarks/reports"
"""A report of each board that was measured; a link to it leads to one page of them all."""
_BOARDS_PAGE = "files/boards.html"
_PROJECT = {
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "SECURITY.md": "project/security.md",
    "examples/README.md": "project/examples.md",
}
"""Pages beside `docs/`, and their places in the site."""
_PLACES = {**_PROJECT, "README.md": "index.md"}
"""The same, and what stands for the README there."""
_REFERENCE = ROOT / "docs/reference/README.md"
"""What stands in a clone for the pages that are made from the code: a heading for each."""
_LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s#]+)((?:#[^)\s]*)?\))")


def stage(folder: Path) -> None:
    """Write all pages, pictures and linked files into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("*.toml"))
    (folder / _REFERENCE.relative_to(ROOT / "docs")).unlink()
    for name, place in _PROJECT.items():
        (folder / place).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / place)
    for place, make in PAGES.items():
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_text(make(), encoding="utf-8")
    for page in sorted(folder.rglob("*.md")):
        mend(page, folder)
    _add_boards(folder)


def _add_boards(folder: Path) -> None:
    """Add the page of all boards that were measured."""
    with TemporaryDirectory() as made:
        html, _ = write_pages(read_all(BOARDS), Path(made, "boards.html"))
        (folder / _BOARDS_PAGE).parent.mkdir(exist_ok=True)
        shutil.copy(html, folder / _BOARDS_PAGE)


def mend(page: Path, folder: Path) -> None:
    """Draw formulas, and lead links that leave `docs/` to copies inside of the site."""
    place = page.relative_to(folder)
    origins = {at: name for name, at in _PROJECT.items()}
    origin = ROOT / origins.get(place.as_posix(), f"docs/{place.as_posix()}")

    def mended(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(origin.parent / match[2]))
        stays = target.is_relative_to(ROOT / "docs") and origin.is_relative_to(ROOT / "docs")
        if target == _REFERENCE:
            place = folder / made_page(match[3].strip("#)"))
            return f"{match[1]}{Path(os.path.relpath(place, page.parent)).as_posix()})"
        if ":" in match[2] or stays:
            return match[0]
        if target == BOARDS:
            return f"{match[1]}{os.path.relpath(folder / _BOARDS_PAGE, page.parent)}{match[3]}"
        if target.is_dir():
            return match[1].removesuffix("](").lstrip("[")
        return f"{match[1]}{_inside(target, page.parent, folder)}{match[3]}"

    text = page.read_text(encoding="utf-8")
    page.write_text(with_formulas(_LINK.sub(mended, text)), encoding="utf-8")


def made_page(heading: str) -> str:
    """The page that a heading of the clone's reference stands for.

    Example:
        >>> made_page("site-file")
        'reference/site_file.md'
    """
    return f"reference/{heading.replace('-', '_')}.md"


def _inside(target: Path, here: Path, folder: Path) -> str:
    """Where a file of the project is in the site, seen from a folder of it; copied if need be."""
    name = target.relative_to(ROOT).as_posix()
    if target.is_relative_to(ROOT / "docs"):
        place = folder / target.relative_to(ROOT / "docs")
    elif name in _PLACES:
        place = folder / _PLACES[name]
    else:
        # Markdown of elsewhere is no page of the site, and its links lead nowhere there.
        place = folder / "files" / (f"{name}.txt" if target.suffix == ".md" else name)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(target, place)
    return Path(os.path.relpath(place, here)).as_posix()
