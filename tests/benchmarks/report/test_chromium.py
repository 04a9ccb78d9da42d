"""The page in a real browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from edge_vad_bench.report.rendering import write_pages

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",  # the browser's own requests, not the page's
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=NetworkTimeServiceQuerying",
)


@pytest.fixture
def chromium():
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("there is no Chromium: run tools/install_test_servers.sh")
        pytest.skip("there is no Chromium: run tools/install_test_servers.sh")
    return CHROMIUM


def test_the_page_opens_without_a_complaint_and_without_a_request(chromium, report, row, tmp_path):
    html, _ = write_pages([report(row(stable=False))], tmp_path / "report.html")
    complaints, asked, picture = visit(chromium, html, tmp_path)
    assert complaints == []
    assert asked == set()
    assert picture.startswith(b"\x89PNG")


def test_a_page_that_asks_and_complains_is_found_out(chromium, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text("<img src='http://127.0.0.1:9/x.png'><script>console.error('no')</script>")
    complaints, asked, _ = visit(chromium, page, tmp_path)
    assert complaints
    assert asked == {"http://127.0.0.1:9/x.png"}


def visit(chromium, page, folder) -> tuple[list[str], set[str], bytes]:
    """What the console says about a page, what the page asks for, and how it looks on a phone."""
    picture, log = folder / "page.png", folder / "net.json"
    done = subprocess.run(
        [
            chromium,
            *FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            "--enable-logging=stderr",
            f"--log-net-log={log}",
            "--window-size=390,1600",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return complaints, requests_of_pages(log.read_text()), picture.read_bytes()


def requests_of_pages(log: str) -> set[str]:
    """Every address that a page asked for; the browser's own requests have no origin."""
    try:
        events = json.loads(log)["events"]
    except json.JSONDecodeError:  # it is cut off when the browser ends
        events = json.loads(log.rstrip().rstrip(",") + "]}")["events"]
    return {
        event["params"]["url"]
        for event in events
        if isinstance(event.get("params"), dict)
        and event["params"].get("initiator", "not an origin") != "not an origin"
        and not event["params"].get("url", "file:").startswith(("file:", "data:"))
    }
