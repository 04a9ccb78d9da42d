"""The site is built without a warning, and Chromium shows and searches it without a network."""

from __future__ import annotations

import os
import re
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import build_docs
import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
pytestmark = pytest.mark.long
_WAIT_MS = 120_000


def lacking(what):
    """Skip a test; where nothing may be lacking, fail it."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(what)


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site: what `make docs` has built, or one of our own."""
    if built := os.environ.get("EDGE_VAD_SITE"):
        return Path(built)
    folder = tmp_path_factory.mktemp("site") / "site"
    build_docs.build(folder)
    return folder


@pytest.fixture(scope="module")
def address(site):
    handler = partial(_Handler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        lacking("there is no Chromium: run tools/install_test_servers.sh")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def is_lost(request):
    """Whether a request failed; one that the browser gives up, as it goes to a page, did not."""
    return request.failure != "net::ERR_ABORTED"


@pytest.fixture
def opened(browser, address):
    """A page, with what went wrong and what was asked of others."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.set_default_timeout(_WAIT_MS)
    page.wrong, page.elsewhere = [], []

    def only_ours(route):
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            page.elsewhere.append(route.request.url)
            route.abort()

    context.route("**/*", only_ours)
    page.on("console", lambda said: said.type == "error" and page.wrong.append(said.text))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("requestfailed", lambda request: is_lost(request) and page.wrong.append(request.url))
    page.on("response", lambda got: got.status >= 400 and page.wrong.append(got.url))
    yield page
    context.close()


def test_every_page_opens_without_an_error_or_a_request_elsewhere(opened, site):
    for path in sorted(site.rglob("*.html")):
        if path.name != "404.html":
            opened.goto(f"/{path.relative_to(site)}", wait_until="networkidle")
            assert opened.locator("h1").first.inner_text()
    assert not opened.wrong
    assert not opened.elsewhere


def test_the_boards_that_were_measured_are_one_page_of_the_site(opened):
    opened.goto("/benchmarks.html")
    opened.get_by_role("link", name="benchmarks/reports").click()
    opened.wait_for_url("**/files/boards.html")
    opened.get_by_text("cameras at 25 and at 8 frames a second").first.wait_for()
    assert not opened.wrong
    assert not opened.elsewhere


@pytest.mark.parametrize("words", ["false alarms", "threshold", "Jetson", "INT8"])
def test_the_search_finds(opened, words):
    opened.goto("/index.html")
    opened.get_by_role("button", name="Search").first.click()
    # What is typed before the box is there is lost.
    opened.get_by_role("combobox", name="Search").fill(words)
    opened.get_by_text(re.compile(r"^[1-9][0-9]* results?$")).wait_for()
    assert not opened.wrong
    assert not opened.elsewhere
