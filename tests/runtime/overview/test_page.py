"""The page over boxes answers at once from what it knows, and fetches what a browser asks for."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np
import pytest
from certificate import self_signed
from hostile_box import hostile_box, whole
from many_events import store_events
from openapi_requests import ask_what_is_made_up

from edge_vad.errors import BadInput
from edge_vad.overview.serving import overview
from edge_vad.sinks.settings import PageSettings
from edge_vad.sinks.store.media import stem
from edge_vad.site.boxes import SiteBox

JPEG = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
CLIP = bytes(range(256)) * 4000


@pytest.fixture
def stored(tmp_path, boxes):
    """Stores of two boxes, three events each, in turn."""
    for name, later in (("north", 0), ("south", 1)):
        times = [boxes.now + 2 * each + later for each in range(3)]
        store_events(tmp_path / name, ["gate"], times, JPEG)


@pytest.fixture
def shown(stored, make_box, show, boxes):
    """The page over both, once all is known."""
    page = show(make_box("north", ["gate"], token=True)[1], make_box("south")[1])
    boxes.eventually(lambda: all(each["complete"] for each in page.boxes().values()))
    return page


def test_events_of_all_boxes_are_told_newest_first_and_searched(shown, boxes):
    assert [each["box_name"] for each in shown.events()] == ["south", "north"] * 3
    assert [each["start"] - boxes.now for each in shown.events("box=north")] == [4, 2, 0]
    since = f"since={int(boxes.now) + 1}&until={int(boxes.now) + 4}"
    assert [each["start"] - boxes.now for each in shown.events(since)] == [3, 2, 1]
    newest = shown.events("limit=1")[0]["id"]
    assert len(shown.events(f"before={newest}")) == 5
    assert shown.events("camera=nobody") == shown.events("box=nobody") == []


@pytest.mark.parametrize(
    "query", ["limit=0", "before=x", "before='%20OR%201", "since=now", "box=%00", "seen=2"]
)
def test_what_cannot_be_asked_is_refused_in_words(shown, query):
    answer = shown.ask(f"/api/boxes/events?{query}")
    assert answer.status == 400
    assert answer.json["error"]


def test_what_has_not_changed_is_not_sent_again(shown):
    for path in ("/api/boxes", "/api/boxes/events"):
        tag = shown.ask(path).headers["etag"]
        assert shown.ask(path, if_none_match=tag).status == 304


def test_pictures_are_fetched_from_their_box(shown):
    for event in shown.events():
        answer = shown.ask(f"/api/boxes/events/{event['id']}/picture?width=320")
        assert (answer.status, answer.kind) == (200, "image/jpeg")
        assert answer.body.startswith(b"\xff\xd8\xff")
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_clips_are_fetched_whole_and_in_parts(shown, tmp_path):
    event = shown.events("box=north")[0]["id"]
    path = tmp_path / "north" / stem(event.partition(".")[0])
    path.with_name(path.name + ".mp4").write_bytes(CLIP)
    address = f"/api/boxes/events/{event}/clip"
    whole_one = shown.ask(address)
    assert (whole_one.status, whole_one.kind, whole_one.body) == (200, "video/mp4", CLIP)
    part = shown.ask(address, range="bytes=1000-1999")
    assert (part.status, part.body) == (206, CLIP[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(CLIP)}"
    assert shown.ask(address, range="bytes=0-5,9-").body == CLIP


@pytest.mark.parametrize(
    "event", ["x", "..%2f..", "00e8d4a5-1000-7000-8000-000000000000.nobody", "%00.north"]
)
def test_what_is_no_event_of_a_box_is_asked_of_no_box(shown, event):
    for what in ("picture", "clip"):
        assert shown.ask(f"/api/boxes/events/{event}/{what}").status == 404


def test_an_event_that_its_box_does_not_have_any_more_is_said(shown):
    answer = shown.ask("/api/boxes/events/00e8d4a5-1000-7000-8000-000000000000.north/picture")
    assert answer.status == 404
    assert "its box does not have it" in answer.json["error"]


def test_without_the_token_nothing_is_told(stored, make_box, show, tmp_path):
    (tmp_path / "token").write_text("correct horse battery staple")
    page = show(make_box("north")[1], token_file=str(tmp_path / "token"))
    for path in ("", "/events", "/events/x/picture", "/events/x/clip"):
        assert page.ask(f"/api/boxes{path}").status == 401
    right = "Bearer correct horse battery staple"
    assert page.ask("/api/boxes", authorization=right).status == 200
    assert page.ask("/").status == 200


def test_boxes_are_asked_over_tls_by_their_own_certificate(stored, make_box, show, tmp_path, boxes):
    made = self_signed(tmp_path)
    tls = {"cert_file": str(made.cert), "key_file": str(made.key)}
    page = show(make_box("north", ["gate"], token=True, **tls)[1])
    boxes.eventually(lambda: page.boxes()["north"]["complete"])
    assert len(page.events()) == 3


def test_nothing_waits_for_a_box_that_does_not_answer(stored, make_box, show, boxes):
    going_on = threading.Event()
    with hostile_box(lambda path, out: going_on.wait(60) and None) as silent:
        box = SiteBox(name="silent", url=f"http://127.0.0.1:{silent.port}")
        page = show(make_box("north", ["gate"])[1], box)
        boxes.eventually(lambda: page.boxes()["north"]["complete"])
        assert page.boxes()["silent"]["state"] == "asked"
        asked = [threading.Thread(target=page.ask, args=(picture_of("silent"),)) for _ in range(20)]
        for each in asked:
            each.start()
        began = time.monotonic()
        assert len(page.events()) == 3  # while the silent one is still being asked
        north = page.events()[0]["id"]
        assert page.ask(f"/api/boxes/events/{north}/picture").status == 200
        assert page.boxes()["silent"]["state"] == "asked"
        assert time.monotonic() - began < 10
        going_on.set()
        for each in asked:
            each.join(60)
            assert not each.is_alive()


def picture_of(box: str) -> str:
    return f"/api/boxes/events/00e8d4a5-1000-7000-8000-000000000000.{box}/picture"


def test_a_box_that_is_away_is_shown_so_and_not_asked_for_pictures(stored, make_box, show, boxes):
    acting, box = make_box("north", ["gate"])
    page = show(box)
    boxes.eventually(lambda: page.boxes()["north"]["complete"])
    acting.close()
    boxes.eventually(lambda: page.boxes()["north"]["state"] == "away")
    told = page.boxes()["north"]
    assert told["why"].startswith("no answer")
    assert told["since"] > boxes.now
    assert len(page.events()) == 3
    answer = page.ask(f"/api/boxes/events/{page.events()[0]['id']}/picture")
    assert answer.status == 503
    assert "box north is away" in answer.json["error"]


@pytest.mark.parametrize(
    "sent", [whole(b"<script>alert(1)</script>", "text/html"), whole(b"<svg", "image/jpeg")]
)
def test_what_is_no_picture_is_not_passed_on(sent, show, boxes):
    def answer(path, out):
        site, events = b'{"live": false}', b'{"events": []}'
        picture = sent if path.endswith("picture") else None
        out.write(picture or whole(site if path == "/api/site" else events))

    with hostile_box(answer) as hostile:
        page = show(SiteBox(name="north", url=f"http://127.0.0.1:{hostile.port}"))
        boxes.eventually(lambda: page.boxes()["north"]["state"] == "well")
        answer = page.ask(picture_of("north"))
        assert answer.status == 503
        assert answer.kind == "application/json"
        assert b"script" not in answer.body


def test_a_token_that_is_not_where_it_should_be_is_an_error_at_once(tmp_path):
    box = SiteBox(name="north", url="https://north.example", token_file=str(tmp_path / "none"))
    with pytest.raises(BadInput), overview(PageSettings(port=1), [box], None):
        pass


@pytest.mark.long
def test_what_is_made_up_from_the_openapi_document_is_answered_as_it_says(shown, tmp_path):
    made = pytest.importorskip("docs_site.http_api", exc_type=ImportError)
    done = ask_what_is_made_up(shown.port, made.openapi(made.overview_routes()), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
