"""The page over boxes in a real browser: three boxes, one of them away and one slow."""

from __future__ import annotations

import os
import time

import cv2
import numpy as np
import pytest
from chromium import SIZES, faults, opened_browser
from many_events import store_events

NAMES = {"north": ("gate", "yard"), "south": ("door",), "east": ("<b>roof</b>",)}


@pytest.fixture
def stored(tmp_path, boxes):
    """Stores of three boxes, with pictures."""
    rng = np.random.default_rng(3)
    for later, (name, cameras) in enumerate(NAMES.items()):
        grey = cv2.resize(rng.integers(0, 255, (6, 9, 3), np.uint8), (360, 240))
        jpeg = cv2.imencode(".jpg", grey)[1].tobytes()
        times = [boxes.now + 600 * each + later for each in range(20)]
        store_events(tmp_path / name, cameras, times, jpeg)


@pytest.fixture(params=SIZES)
def shown(request, stored, make_box, show, boxes):
    """A browser that shows the page over all three, and the first of them."""
    made = {name: make_box(name, cameras, token=name == "north") for name, cameras in NAMES.items()}
    page = show(*(box for _, box in made.values()))
    boxes.eventually(lambda: all(each["complete"] for each in page.boxes().values()))
    with opened_browser() as browser:
        opened = browser.open(*SIZES[request.param])
        opened.goto(f"http://127.0.0.1:{page.port}/")
        yield opened, made
        assert not browser.complaints


def test_all_boxes_are_shown_searched_and_told_apart_from_one_that_is_away(shown, boxes):
    page, made = shown
    articles = {name: page.get_by_role("article", name=f"Box {name}") for name in NAMES}
    for each in articles.values():
        each.get_by_text("Answers").wait_for()
    page.get_by_text("3 of 3 boxes answer, 4 of 4 cameras live").wait_for()
    articles["east"].get_by_text("<b>roof</b>").wait_for()  # a name is no part of the page
    shown_events = page.locator("#list li:not(.day)")
    boxes.eventually(lambda: shown_events.count() == 30)
    pictures = "all => all.filter(each => each.naturalWidth == 320).length"
    page.locator("#list img").nth(2).scroll_into_view_if_needed()
    boxes.eventually(lambda: page.locator("#list img").evaluate_all(pictures) >= 3)

    # A camera is chosen, and so are its events.
    articles["north"].get_by_role("button", name="yard").click()
    boxes.eventually(lambda: shown_events.count() == 10)
    assert set(page.locator("#list b").all_inner_texts()) == {"north · yard"}
    page.get_by_text("Any time").first.click()
    then = time.localtime(boxes.now + 600 * 10)
    page.get_by_label("From", exact=True).fill(time.strftime("%Y-%m-%dT%H:%M", then))
    boxes.eventually(lambda: shown_events.count() == 5)
    page.get_by_role("button", name="Any time").click()
    page.get_by_label("Events of").select_option("south")
    boxes.eventually(lambda: shown_events.count() == 20)
    shown_events.first.click()
    page.get_by_role("heading", name="south · door").wait_for()
    stage = page.locator("#viewer .stage img")
    boxes.eventually(lambda: stage.evaluate("image => image.naturalWidth") == 360)
    page.get_by_role("button", name="Close").click()
    assert not faults(page)

    # One goes, and stays on the page with what is known of it.
    made["south"][0].close()
    articles["south"].get_by_text("Away since").wait_for()
    articles["south"].get_by_text("No answer").wait_for()
    articles["south"].get_by_role("button", name="door").wait_for()
    page.get_by_text("2 of 3 boxes answer, 3 of 3 cameras live").wait_for()
    assert shown_events.count() == 20
    assert not faults(page)
    if folder := os.environ.get("EDGE_VAD_PICTURES"):
        page.get_by_label("Events of").select_option("")
        boxes.eventually(lambda: shown_events.count() == 30)
        boxes.eventually(lambda: page.locator("#list img").evaluate_all(pictures) >= 2)
        page.screenshot(path=f"{folder}/{page.viewport_size['width']}.png")
