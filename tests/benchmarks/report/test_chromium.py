"""The page in a real browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import msgspec
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

LONG_NAME = "NVIDIA Jetson AGX Orin Engineering Reference Developer Kit Super 64GB Industrial"
INSIDE = """() => [...document.querySelectorAll("body *")]
    .filter(each => !each.parentElement.closest(".scroll"))
    .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(each => each.outerHTML.slice(0, 80))
"""
"""What is cut off at the right; wide tables may be moved in boxes of their own."""

CHARTS = """() => [
    [...document.querySelectorAll("figure")].map(each => each.getBoundingClientRect().width),
    document.querySelector("article").getBoundingClientRect().width,
]"""


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


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_is_wider_than_the_page_and_charts_are_as_wide(
    chromium, report, row, tmp_path, width
):
    from playwright.sync_api import sync_playwright

    several = row("MultiStream/onnxruntime/fp32", milliseconds=20.0, frames_a_query=8)
    made = report(row(), several)
    processor = msgspec.structs.replace(made.device.processor, model=LONG_NAME)
    other = msgspec.structs.replace(
        made, device=msgspec.structs.replace(made.device, processor=processor)
    )
    html, _ = write_pages([made, other], tmp_path / "report.html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS[1:4]))
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.goto(html.as_uri(), timeout=60_000)
        shown = page.evaluate("document.documentElement.scrollWidth")
        inside = page.evaluate(INSIDE)
        charts, room = page.evaluate(CHARTS)
        browser.close()
    assert shown <= width
    assert inside == []
    assert len(charts) > 3
    assert all(abs(chart - room) < 1 for chart in charts)


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
