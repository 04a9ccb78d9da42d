"""A real browser, and what a page of it complains about."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from rtsp_camera import require

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
SIZES = {"a desk": (1280, 800, False), "a phone": (390, 844, True)}
"""Width and height, px; and whether it is touched."""
_PATIENCE_MS = 90_000


class Browser(NamedTuple):
    """Opens pages: `open(width, height, touch)`; collects what their scripts complain about."""

    open: Callable[[int, int, bool], Page]
    complaints: list[str]


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Start a browser; a test is skipped where there is none."""
    require(CHROMIUM is not None, "Chromium")
    from playwright.sync_api import sync_playwright

    complaints: list[str] = []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

        def open_page(width: int, height: int, touch: bool) -> Page:
            context = started.new_context(
                viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch
            )
            page = context.new_page()
            page.set_default_timeout(_PATIENCE_MS)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            return page

        yield Browser(open_page, complaints)
        started.close()


def faults(page: Page) -> list[tuple[str, list[str]]]:
    """What axe calls serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        (each["id"], [node["html"][:120] for node in each["nodes"]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def draw(page: Page, stage: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over a picture, from and to shares of its width and height."""
    box = stage.bounding_box()
    (left, top), (right, bottom) = (
        (box["x"] + across * box["width"], box["y"] + down * box["height"])
        for across, down in (start, end)
    )
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move((left + right) / 2, (top + bottom) / 2, steps=4)
    page.mouse.move(right, bottom, steps=4)
    page.mouse.up()
