"""Sites as large as they come, in a real browser: `make sites` prints how long the pages take."""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import acting_box
import cv2
import numpy as np
import pytest
from chromium import opened_browser
from free_port import free_port
from many_events import store_events

from edge_vad.site.boxes import SiteBox

pytestmark = pytest.mark.long

CAMERAS, EVENTS = 200, 100_000
BOXES = 10
TRIES = 5
HANGS_S = 60.0
"""What a page may take at most: the figures are printed, and a busy machine is no fault."""
LISTED = """new MutationObserver((changes, observer) => {
    if (document.querySelectorAll("#list li:not(.day)").length < 30) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => (window.listed = performance.now())));
}).observe(document, { childList: true, subtree: true });"""
"""Milliseconds from the request for the page until its list is painted."""
SITE = """
[[cameras]]
name = "gate"
source = "clip.avi?realtime=1&loop=1"
scene = "scene.onnx"
decision = {{ false_alarms = "1/hour" }}

[sinks]
folder = "{name}"
[sinks.store]
[sinks.clips]
before_s = 1
after_s = 0.5
[sinks.page]
port = {port}
"""


def say(what: str, seconds: list[float]) -> None:
    middle, worst = statistics.median(seconds), max(seconds)
    print(f"\n{what}: {middle:.2f} s (the longest of {len(seconds)}: {worst:.2f} s)", end="")
    assert worst < HANGS_S


def spread(count: int) -> list[float]:
    """Times of so many events, over the last thirty days."""
    now, step = time.time(), 30 * 86400 / count
    return [now - step * each for each in range(count, 0, -1)]


@contextmanager
def box_process(folder: Path, cameras: int) -> Iterator[SiteBox]:
    """A box as a process."""
    port, script = free_port(), Path(acting_box.__file__)
    command = [sys.executable, str(script), str(folder), str(port), "--cameras", str(cameras)]
    found = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=found)
    try:
        yield SiteBox(name=folder.name, url=f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait(60)


@pytest.fixture
def jpeg() -> bytes:
    street = np.random.default_rng(0).integers(0, 255, (8, 12, 3), np.uint8)
    return cv2.imencode(".jpg", cv2.resize(street, (640, 426)))[1].tobytes()


@pytest.fixture
def browser():
    with opened_browser() as browser:
        yield browser
        assert not browser.complaints


class Stopwatch:
    """Says how long it has been since it was asked last."""

    def __init__(self) -> None:
        self._at = time.perf_counter()

    def lap(self) -> float:
        before, self._at = self._at, time.perf_counter()
        return self._at - before


def look(browser, address: str, place: str, told: str) -> None:
    """Open a page and search, several times over; prints how long both take.

    Args:
        browser: Opens it.
        address: Of the page.
        place: A camera, as the list of cameras has it.
        told: The same, as events have it.
    """
    visits = [visit(browser.open(1280, 800, False), address, place, told) for _ in range(TRIES)]
    kinds = ("the list opens in", "a search by camera takes", "a search by time takes")
    for what, seconds in zip(kinds, zip(*visits, strict=True), strict=True):
        say(what, list(seconds))


def visit(page, address: str, place: str, told: str) -> tuple[float, float, float]:
    """One visit: seconds until the list is there, and until two searches are done."""
    page.add_init_script(LISTED)
    page.goto(address)
    page.wait_for_function("() => window.listed")
    opened = page.evaluate("window.listed") / 1000
    watch = Stopwatch()
    page.locator(f"#filter option[value='{place}']").wait_for(state="attached")
    page.get_by_text("Any time").first.click()
    watch.lap()
    page.get_by_label("Events of").select_option(place)
    names = "[...document.querySelectorAll('#list b')].map(each => each.textContent)"
    until(page, f"{names}.length == 30 && {names}.every(each => each == '{told}')")
    by_camera = watch.lap()
    day = time.strftime("%Y-%m-%dT%H:%M", time.localtime(time.time() - 15 * 86400))
    page.get_by_label("To", exact=True).fill(day)
    first = "document.querySelector('#list time')?.dateTime"
    until(page, f"{first} < new Date('{day}').toISOString()")
    by_time = watch.lap()
    page.context.close()
    return opened, by_camera, by_time


def until(page, condition: str) -> None:
    page.wait_for_function(f"() => {condition}", polling=20)


def test_a_box_of_200_cameras_and_100_000_events_opens_and_is_searched(
    browser, tmp_path, jpeg, boxes
):
    folder = tmp_path / "large"
    names = [f"camera-{number:02}" for number in range(CAMERAS)]
    store_events(folder, names, spread(EVENTS), jpeg)
    with box_process(folder, CAMERAS) as box:
        boxes.eventually(lambda: "ready" in (folder / "said").read_text())
        print(f"\none box, {CAMERAS} cameras, {EVENTS} events", end="")
        look(browser, box.url, "camera-150", "camera-150")


def test_ten_boxes_of_200_cameras_and_100_000_events_open_and_are_searched(
    browser, tmp_path, jpeg, boxes, show
):
    with ExitStack() as stack:
        found = []
        for number in range(BOXES):
            folder, count = tmp_path / f"box-{number}", CAMERAS // BOXES
            names = [f"camera-{each:02}" for each in range(count)]
            store_events(folder, names, spread(EVENTS // BOXES), jpeg)
            found.append(stack.enter_context(box_process(folder, count)))
        page = show(*found)
        began = time.monotonic()
        boxes.eventually(lambda: all(each["complete"] for each in page.boxes().values()), 600)
        print(f"\n{BOXES} boxes, {CAMERAS} cameras, {EVENTS} events, ", end="")
        print(f"all known after {time.monotonic() - began:.0f} s", end="")
        address = f"http://127.0.0.1:{page.port}/"
        look(browser, address, "box-7/camera-11", "box-7 · camera-11")


class SlowLine:
    """Passes on connections to a port, each piece of an answer some seconds late."""

    def __init__(self, port: int, late_s: float) -> None:
        self._to, self._late_s = port, late_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(caller,), daemon=True).start()

    def _pass_on(self, caller: socket.socket) -> None:
        with suppress(OSError), caller, socket.create_connection(("127.0.0.1", self._to)) as box:
            box.sendall(caller.recv(65536))
            while part := box.recv(1 << 20):
                time.sleep(self._late_s)
                caller.sendall(part)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def three(tiny_scene, make, tmp_path, monkeypatch, boxes):
    """Three runs of one camera each, an anomaly every four seconds; the last one is slow."""
    monkeypatch.chdir(tmp_path)
    make.avi(tmp_path / "clip.avi", make.movement())
    tiny_scene()
    running, found = {}, {}
    for name in ("north", "south", "east"):
        port = free_port()
        Path(f"{name}.toml").write_text(SITE.format(name=name, port=port))
        command = [sys.executable, "-m", "edge_vad", "run", "--config", f"{name}.toml"]
        with Path(f"{name}.log").open("w") as log:
            running[name] = subprocess.Popen(command, stdout=log, stderr=log)
        found[name] = SiteBox(name=name, url=f"http://127.0.0.1:{port}")
    line = SlowLine(int(found["east"].url.rpartition(":")[2]), 3.0)
    found["east"] = SiteBox(name="east", url=f"http://127.0.0.1:{line.port}")
    yield running, found
    line.close()
    for process in running.values():
        process.send_signal(signal.SIGTERM)
    for process in running.values():
        process.wait(120)


def test_three_boxes_one_killed_and_one_slow_are_all_shown_and_nobody_waits(
    three, show, browser, boxes
):
    running, found = three
    page = show(*found.values())

    def all_told() -> bool:
        told = {each["box_name"] for each in page.events("limit=200") if each["clip"]}
        return told == found.keys()

    boxes.eventually(all_told, 600)
    running["south"].kill()
    running["south"].wait(60)
    boxes.eventually(lambda: page.boxes()["south"]["state"] == "away")
    opened, asked = [], []
    for _ in range(TRIES):
        tab, watch = browser.open(1280, 800, False), Stopwatch()
        tab.goto(f"http://127.0.0.1:{page.port}/")
        for name, state in (("north", "Answers"), ("south", "Away since"), ("east", "Answers")):
            article = tab.get_by_role("article", name=f"Box {name}")
            article.get_by_text(state).wait_for()
            article.get_by_role("button", name="gate").wait_for()
        tab.locator("#list li:not(.day)").first.wait_for()
        opened.append(watch.lap())
        # Meanwhile pictures of the slow one are on their way.
        page.events("limit=200")
        asked.append(watch.lap())
        page.boxes()
        asked.append(watch.lap())
        tab.context.close()
    print("\nthree boxes, one killed and one 3 s late", end="")
    say("all are shown in", opened)
    say("an answer of the page takes", asked)
