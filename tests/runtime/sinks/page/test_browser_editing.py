"""The site is changed in a real browser, of a run that is real from the camera to the event."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import zipfile

import cv2
import pytest
from chromium import SIZES, draw, faults, opened_browser
from web_camera import web_camera

from edge_vad.site.reading import read_site

SIZE = (256, 192)
"""Of the camera's pictures, px: four times that of the model."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
SITE = """\
# Ours.
[[cameras]]
name = "gate"
source = "gate.avi?realtime=1&loop=1"  # by the road
scene = "scene.onnx"

[sinks]
folder = "watched"
[sinks.store]
[sinks.clips]
before_s = 1
after_s = 0.5
"""
LOOK, CHANGE = "correct horse battery staple", "a second token, longer still"


@pytest.fixture
def camera(make):
    """The address of a camera by HTTP, in which something moves every four seconds."""
    jpegs = [cv2.imencode(".jpg", cv2.resize(each, SIZE))[1].tobytes() for each in make.movement()]
    with web_camera(jpegs) as address:
        yield address


@pytest.fixture
def run(request, tiny_scene, make, tmp_path, unused_port, monkeypatch):
    """A run of a site file, with both tokens."""
    monkeypatch.chdir(tmp_path)
    make.avi(tmp_path / "gate.avi", make.movement())
    tiny_scene()
    port = unused_port
    for name, token in (("token.txt", LOOK), ("edit.txt", CHANGE)):
        (tmp_path / name).write_text(token)
    (tmp_path / "site.toml").write_text(getattr(request, "param", "") + SITE)
    command = [sys.executable, "-m", "edge_vad", "run", "--config", "site.toml"]
    command += ["--serve", f"127.0.0.1:{port}", "--token-file", "token.txt"]
    command += ["--edit-token-file", "edit.txt"]
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
    yield port, tmp_path
    running.send_signal(signal.SIGTERM)
    assert running.wait(120) == 0
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said
    for secret in ("hunter2", LOOK, CHANGE):
        assert secret not in said


@pytest.fixture
def browser():
    with opened_browser() as browser:
        yield browser


def log_in(page, port, token):
    page.goto(f"http://localhost:{port}/")
    page.get_by_label("Token", exact=True).fill(token)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("article", name="Camera gate").get_by_text("live", exact=True).wait_for()


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_camera_is_added_a_zone_drawn_its_event_seen_its_rate_changed_and_all_removed(
    run, browser, camera, events, size
):
    port, folder = run
    open_page, complaints = browser
    eventually = events.eventually
    eventually(lambda: "the page is at" in (folder / "log").read_text())
    page = open_page(*size)
    is_phone = size[2]
    file = folder / "site.toml"

    # With the first token one looks, and changes nothing.
    log_in(page, port, LOOK)
    assert faults(page) == []
    rate = page.get_by_role("article", name="Camera gate").locator(".rate input")
    rate.fill("2/hour")
    rate.press("Enter")
    page.get_by_text("This needs the token for changes").wait_for()
    page.get_by_role("button", name="Edit").click()
    assert not page.get_by_role("button", name="Add camera").is_visible()
    page.get_by_label("Token for changes").fill(LOOK)
    page.get_by_role("button", name="Unlock").click()
    page.get_by_text("With this token one may look").wait_for()
    page.get_by_label("Token for changes").fill(CHANGE)
    page.get_by_role("button", name="Unlock").click()
    page.get_by_role("article", name="Camera gate").get_by_text("live", exact=True).wait_for()
    assert file.read_text() == SITE

    # A camera is added: a file is none.
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_role("button", name="Add camera").click()
    adder = page.get_by_role("dialog", name="Add a camera")
    adder.get_by_label("Name", exact=True).fill("yard")
    adder.get_by_label("Address").fill("gate.avi?realtime=1")
    adder.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("This is no camera that can be added here").wait_for()
    assert faults(page) == []
    adder.get_by_label("Address").fill(camera)
    adder.get_by_role("button", name="Add", exact=True).click()
    yard = page.get_by_role("article", name="Camera yard")
    yard.get_by_text("live", exact=True).wait_for()
    eventually(lambda: yard.get_by_role("img", name="Picture of yard").get_attribute("data-number"))
    assert "hunter2" not in file.read_text()
    assert file.read_text().startswith("# Ours.\n")

    # A zone is drawn on its picture.
    editor = page.get_by_role("dialog", name="Change yard")
    yard.get_by_role("button", name="Change yard").click()
    editor.get_by_role("button", name="New zone").click()
    draw(page, editor.locator(".drawing"), (0.15, 0.12), (0.85, 0.88))
    editor.locator("#shapes").get_by_label("Name").fill("door")
    editor.locator("#shapes").get_by_label("False alarms accepted").fill("30/hour")
    editor.get_by_label("Corner 1 of door").wait_for()
    assert faults(page) == []
    editor.get_by_role("button", name="Save").click()
    editor.wait_for(state="hidden")
    (zone,) = read_site(file).cameras[1].decision.zones
    assert (zone.name, zone.false_alarms) == ("door", "30/hour")
    corners = [(x / SIZE[0], y / SIZE[1]) for x, y in zone.polygon]
    expected = [(0.15, 0.12), (0.85, 0.12), (0.85, 0.88), (0.15, 0.88)]
    assert corners == [pytest.approx(corner, abs=0.02) for corner in expected]

    # Its event comes with its name.
    if is_phone:
        page.get_by_role("button", name=re.compile("^Events")).click()
    mine = page.locator(".event", has_text="yard · door")
    mine.first.wait_for()
    page.get_by_label("Events of").select_option("yard/door")
    eventually(lambda: page.locator(".event").count() == mine.count() > 0)
    mine.last.click()
    viewer = page.get_by_role("dialog", name="yard · door")
    viewer.get_by_role("button", name="Star").click()
    star = viewer.get_by_role("button", name="Star")
    eventually(lambda: star.get_attribute("aria-pressed") == "true")
    assert faults(page) == []
    with page.expect_download() as download:
        viewer.get_by_role("link", name="Save all").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert {"event.json", "picture.jpg"} <= set(archive.namelist())
    viewer.get_by_role("button", name="Close").click()
    page.get_by_label("Which events").select_option("starred")
    eventually(lambda: page.locator(".event").count() == 1)
    page.get_by_label("Which events").select_option("unseen")
    eventually(lambda: not page.locator(".event .star:not([hidden])").count())
    if is_phone:
        page.get_by_role("button", name="Cameras").click()

    # By keys alone: a corner is added and moved; the rates of zone and camera are changed.
    yard.get_by_role("button", name="Change yard").focus()
    page.keyboard.press("Enter")
    editor.get_by_role("button", name="Corners of door").focus()
    page.keyboard.press("Enter")
    editor.get_by_label("Corner 1 of door").focus()
    page.keyboard.press("Insert")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    editor.locator("#shapes").get_by_label("False alarms accepted").fill("often")
    editor.get_by_role("button", name="Save").click()
    editor.get_by_text("is not a rate of false alarms").wait_for()
    editor.locator("#shapes").get_by_label("False alarms accepted").fill("20/hour")
    editor.locator("#camera-rate").fill("3/day")
    editor.get_by_role("button", name="Save").click()
    editor.wait_for(state="hidden")
    yard_file = read_site(file).cameras[1]
    assert yard_file.decision.false_alarms == "3/day"
    (zone,) = yard_file.decision.zones
    assert (zone.false_alarms, len(zone.polygon)) == ("20/hour", 5)
    assert zone.polygon[1][1] > zone.polygon[0][1]
    eventually(lambda: yard.locator(".pill").inner_text() == "3/day")

    # A rate that is typed is kept, too.
    rate = yard.locator(".rate input")
    rate.fill("4/day")
    rate.press("Enter")
    eventually(lambda: read_site(file).cameras[1].decision.false_alarms == "4/day")

    # The camera is renamed, and removed.
    yard.get_by_role("button", name="Change yard").click()
    editor.locator("#camera-name").fill("garden")
    editor.get_by_role("button", name="Save").click()
    garden = page.get_by_role("article", name="Camera garden")
    garden.wait_for()
    garden.get_by_role("button", name="Change garden").click()
    editor = page.get_by_role("dialog", name="Change garden")
    editor.get_by_role("button", name="Remove camera").click()
    editor.get_by_role("button", name="Really remove it").click()
    garden.wait_for(state="detached")
    assert file.read_text().rstrip() == SITE.rstrip()
    assert not list((folder / "secrets").iterdir())
    assert complaints == []


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("run", ['false_alarms = "3/day"\n'], indirect=True)
def test_a_share_of_the_sites_budget_is_shown_and_follows_cameras_that_come(
    run, browser, camera, events, size
):
    port, folder = run
    open_page, complaints = browser
    events.eventually(lambda: "the page is at" in (folder / "log").read_text())
    page = open_page(*size)
    log_in(page, port, CHANGE)
    gate = page.get_by_role("article", name="Camera gate")
    gate.get_by_text("100%").wait_for()
    assert gate.locator(".share").inner_text().startswith("100%")
    assert gate.locator(".rate input").input_value() == "3/day"
    assert faults(page) == []

    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_role("button", name="Add camera").click()
    adder = page.get_by_role("dialog", name="Add a camera")
    rate = adder.get_by_label("False alarms accepted")
    assert rate.get_attribute("placeholder") == "its share of 3/day"
    adder.get_by_label("Name", exact=True).fill("yard")
    adder.get_by_label("Address").fill(camera)
    rate.fill("1/day")
    adder.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("article", name="Camera yard").get_by_text("33%").wait_for()
    gate.get_by_text("67%").wait_for()
    assert gate.locator(".rate input").input_value() == "2/day"
    assert (
        "gate: accepts 2/day, 67% of 3/day for all cameras together" in (folder / "log").read_text()
    )
    assert complaints == []
