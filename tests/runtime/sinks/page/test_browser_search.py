"""Stored events in a real browser: searched by time and camera, and gone through to the oldest."""

from __future__ import annotations

import time

import pytest
from chromium import SIZES, faults, opened_browser
from many_events import store_events

from edge_vad.sinks.page.server import serve
from edge_vad.sinks.settings import PageSettings
from edge_vad.sinks.store import StoredEvents

NOON = time.mktime(time.strptime("2026-03-04 12:00", "%Y-%m-%d %H:%M"))
COUNT = 440


@pytest.fixture
def address(tmp_path, unused_port):
    """A page of an event a minute, from noon on, of three cameras in turn."""
    store_events(tmp_path, ("door", "gate", "yard"), [NOON + 60 * each for each in range(COUNT)])
    server = serve(PageSettings(port=unused_port), StoredEvents(tmp_path), None)
    yield f"http://127.0.0.1:{unused_port}/"
    server.close(2.0)


@pytest.fixture(params=SIZES)
def page(request, address):
    with opened_browser() as browser:
        page = browser.open(*SIZES[request.param])
        page.goto(address)
        yield page
        assert not browser.complaints


def test_events_are_searched_by_time_and_camera(page, events):
    shown = page.locator("#list time")
    first = shown.first
    events.eventually(lambda: shown.count() == 30)
    page.get_by_text("Any time").first.click()
    page.get_by_label("From", exact=True).fill("2026-03-04T12:10")
    page.get_by_label("To", exact=True).fill("2026-03-04T12:16")
    events.eventually(lambda: shown.count() == 6)
    said = NOON + 15 * 60
    assert first.get_attribute("datetime").startswith(
        time.strftime("%Y-%m-%dT%H:%M", time.gmtime(said))
    )
    page.get_by_label("Events of").select_option("gate")  # one of each three
    events.eventually(lambda: shown.count() == 2)
    assert not faults(page)
    page.get_by_label("From", exact=True).fill("2027-01-01T00:00")
    page.get_by_text("There is no such event.").wait_for()
    page.get_by_role("button", name="Any time").click()
    events.eventually(lambda: shown.count() == 30)


def test_one_goes_back_to_the_oldest_event_and_to_the_newest_again(page, events):
    times = page.locator("#list time")
    older, newest = (
        page.get_by_role("button", name=f"{each} events") for each in ("Older", "Newest")
    )
    events.eventually(lambda: times.count() == 30)
    began = times.first.get_attribute("datetime")
    seen = set()

    def look() -> int:
        seen.update(times.evaluate_all("all => all.map(each => each.dateTime)"))
        return len(seen)

    while look() < COUNT:
        before = len(seen)
        older.click()
        events.eventually(lambda before=before: look() > before)
    events.eventually(older.is_hidden)
    newest.click()
    events.eventually(lambda: times.first.get_attribute("datetime") == began)
    assert newest.is_hidden()
