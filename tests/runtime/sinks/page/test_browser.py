"""The page in a real browser, of a run that is real from the camera to the clip."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from chromium import opened_browser

SITE = """
[[cameras]]
name = "gate"
source = "clip.avi?realtime=1&loop=1"
scene = "scene.onnx"
decision = {{ false_alarms = "1/hour" }}

[[cameras]]
name = "fence"
source = "rtsp://admin:hunter2@127.0.0.1:9/live"
scene = "scene.onnx"

[sinks]
folder = "watched"
[sinks.store]
[sinks.clips]
before_s = 1
after_s = 0.5
[sinks.page]
port = {port}
token_file = "token.txt"
"""
TOKEN = "correct horse battery staple"  # noqa: S105
SUM = """canvas => {
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return data.reduce((sum, value, place) => (sum * 31 + value * (place % 97)) % 1000003, 0);
}"""


@pytest.fixture
def chromium():
    """A page of a real browser, and what it complained about."""
    with opened_browser() as browser:
        page = browser.open(1280, 800, False)
        page.on(
            "console", lambda said: said.type == "error" and browser.complaints.append(said.text)
        )
        yield page, browser.complaints


@pytest.fixture
def run(tiny_scene, make, tmp_path, unused_port, monkeypatch):
    """A run with a page; an anomaly every four seconds."""
    monkeypatch.chdir(tmp_path)
    make.avi(tmp_path / "clip.avi", make.movement())
    tiny_scene()
    port = unused_port
    (tmp_path / "token.txt").write_text(TOKEN)
    (tmp_path / "site.toml").write_text(SITE.format(port=port))
    command = [sys.executable, "-m", "edge_vad", "run", "--config", "site.toml"]
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
    yield port, tmp_path / "log"
    running.send_signal(signal.SIGTERM)
    assert running.wait(120) == 0
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said
    assert "hunter2" not in said
    assert TOKEN not in said


def test_somebody_logs_in_sees_frames_drags_the_threshold_and_plays_a_clip(chromium, run, events):
    page, complaints = chromium
    port, log = run
    eventually = events.eventually
    eventually(lambda: "the page is at" in log.read_text())

    page.goto(f"http://localhost:{port}/")
    page.get_by_label("Token", exact=True).fill("wrong")
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("The token is wrong").wait_for()
    page.get_by_label("Token", exact=True).fill(TOKEN)
    page.get_by_role("button", name="Log in").click()
    gate = page.get_by_role("article", name="Camera gate")
    gate.get_by_text("live", exact=True).wait_for()
    page.get_by_role("article", name="Camera fence").get_by_text("no signal", exact=True).wait_for()

    # Frames move: the pictures get on, and so does what is drawn of them.
    canvas = gate.get_by_role("img", name="Picture of gate")
    seen = [set(), set()]

    def goes_on():
        seen[0].add(canvas.get_attribute("data-number"))
        seen[1].add(canvas.evaluate(SUM))
        return min(map(len, seen)) >= 4

    eventually(goes_on)

    # The threshold is dragged up: fewer false alarms are accepted, there as here.
    slider = gate.get_by_role("slider", name="False alarms accepted of gate")
    before = int(slider.get_attribute("aria-valuenow"))
    handle = slider.locator(".pill").bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 8, steps=4)
    page.mouse.move(x, y - 25, steps=4)
    page.mouse.up()
    eventually(lambda: int(slider.get_attribute("aria-valuenow")) > before)
    rate = slider.locator(".pill").inner_text()
    assert rate != "1/hour"
    eventually(lambda: f"gate: {rate} false alarms are accepted now" in log.read_text())
    eventually(lambda: gate.locator("input").input_value() == rate)

    # By keyboard, and typed; what is no rate is told.
    slider.press("End")
    eventually(lambda: "gate: 0.02/week false alarms" in log.read_text())
    gate.locator("input").fill("often")
    gate.locator("input").press("Enter")
    gate.get_by_text("is not a rate of false alarms").wait_for()
    gate.locator("input").fill("1/hour")
    gate.locator("input").press("Enter")
    eventually(lambda: slider.locator(".pill").inner_text() == "1/hour")

    # An event arrives by itself, with its picture; its clip plays.
    listed = page.locator(".event")
    there = listed.count()
    eventually(lambda: listed.count() > there)
    page.locator("li:has(.play:not([hidden])) .event").first.click()
    dialog = page.get_by_role("dialog", name="gate")
    dialog.get_by_text("Highest score").wait_for()
    video = dialog.locator("video")
    eventually(lambda: video.evaluate("video => video.currentTime") > 0.2)
    first = video.evaluate("video => video.currentTime")
    eventually(lambda: video.evaluate("video => video.currentTime") != first)
    assert video.evaluate("video => video.videoWidth") == 64
    dialog.get_by_role("button", name="Close").click()

    page.keyboard.press("h")
    assert page.get_by_role("button", name="Heat map").get_attribute("aria-pressed") == "false"
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token", exact=True).wait_for()
    refused = "Failed to load resource"  # of the wrong token and the wrong rate
    assert [told for told in complaints if refused not in told] == []


def test_nothing_is_asked_of_another_machine(chromium, run, events):
    page, _ = chromium
    port, log = run
    eventually = events.eventually
    eventually(lambda: "the page is at" in log.read_text())
    asked = set()
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_label("Token", exact=True).wait_for()
    assert asked == {f"127.0.0.1:{port}"}


def test_a_link_in_a_message_opens_its_event(chromium, run, events):
    page, complaints = chromium
    port, log = run
    events.eventually(lambda: "the page is at" in log.read_text())
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_label("Token", exact=True).fill(TOKEN)
    page.get_by_role("button", name="Log in").click()
    event = page.locator("[data-event]").first.get_attribute("data-event")
    dialog = page.get_by_role("dialog", name="gate")
    assert not dialog.count()
    complaints.clear()  # of the missing token
    page.goto("about:blank")
    page.goto(f"http://127.0.0.1:{port}/#event={event}")
    dialog.wait_for()
    dialog.get_by_role("button", name="Close").click()
    page.evaluate("location.hash = 'event=00000000-0000-7000-8000-000000000000'")
    page.evaluate(f"location.hash = 'event={event}'")
    dialog.wait_for()
    assert not complaints
