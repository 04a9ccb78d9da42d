"""Writes reports as one HTML file that needs nothing else, and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from edge_vad.errors import Unavailable
from edge_vad.files.atomic import write_whole
from edge_vad_bench.report import svg
from edge_vad_bench.report.headline import COLUMNS, NOT_MEASURED
from edge_vad_bench.report.page import ReportPage, make_page
from edge_vad_bench.schema import BenchmarkReport

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#])")


def write_pages(reports: Sequence[BenchmarkReport], html: Path) -> tuple[Path, Path]:
    """Write the HTML page and, beside it, the same in Markdown.

    What a device can do comes first; of several devices, a table of it.

    Args:
        reports: What to show, one after the other; at least one.
        html: The HTML file; the other has the suffix `.md`.

    Returns:
        Both files.

    Raises:
        Unavailable: Jinja is not installed.
    """
    pages = [make_page(report) for report in reports]
    markdown = html.with_suffix(".md")
    for path, template in ((html, "report.html.j2"), (markdown, "report.md.j2")):
        write_whole(path, _render(template, pages).encode())
    return html, markdown


def _render(template: str, pages: Sequence[ReportPage]) -> str:
    try:
        import jinja2
    except ImportError:
        raise Unavailable("Jinja is not installed", "run pip install 'edge-vad[bench]'") from None
    is_html = template.endswith(".html.j2")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=is_html,  # noqa: S701 - Markdown has characters of its own, see `_cell`
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["cell"] = _cell
    return environment.get_template(template).render(
        pages=pages, heads=COLUMNS, not_measured=NOT_MEASURED, side=svg.SIDE
    )


def _cell(text: str) -> str:
    """A text as one line of Markdown in which nothing has a meaning."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
