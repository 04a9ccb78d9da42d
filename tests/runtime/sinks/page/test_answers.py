"""What the page is told."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from edge_vad.camera_state import CameraState
from edge_vad.opencv import cv2
from edge_vad.sinks.base import SinkHealth
from edge_vad.sinks.store.media import stem


@pytest.fixture
def stored(page, events):
    """An event with a picture and a clip."""
    event = events.live()
    page.store.event("gate", events.new(event))
    clip = page.folder / stem(event.id).with_suffix(".webm")
    events.eventually(lambda: page.ask("/api/events").json["events"])
    events.eventually(lambda: page.ask(f"/api/events/{event.id}/picture").status == 200)
    clip.write_bytes(bytes(range(200)))
    return event


def test_the_site_says_what_does_not_change(page):
    site = page.ask("/api/site").json
    assert site["live"] is True
    assert site["token"] is False
    assert [camera["name"] for camera in site["cameras"]] == ["gate", "yard"]
    scores = [stop["score"] for stop in site["cameras"][0]["stops"]]
    assert scores == sorted(scores)
    rates = {stop["false_alarms"]: stop for stop in site["cameras"][0]["stops"]}
    assert rates["1/hour"]["score"] == pytest.approx(2.0)
    assert rates["1/hour"]["words"] == "1 an hour"
    assert "10/minute" not in rates, "below its start the tail says nothing"


def test_states_scores_stages_and_troubles_are_told(page):
    page.health["store"] = SinkHealth(False, "the disk is full")
    page.page.state("yard", CameraState.NO_SIGNAL, time.time())
    page.page.timing("gate", "infer", 0.02)
    for score in (0.5, 3.0, 1.0):
        page.page.frame("gate", page.site.detection(score=score))
    document, pictures = page.live(since=-60)
    gate, yard = document["cameras"]
    assert gate["state"] == "live"
    assert max(score for _, score in gate["scores"]) == 3.0
    assert gate["stages"] == {"infer": 0.02}
    assert gate["age_s"] == 0.05
    assert gate["threshold"]["false_alarms"] == "1/day"
    assert (gate["dropped"], gate["reconnects"], gate["decoder"]) == (7, 1, "nvdec")
    assert yard["state"] == "no signal"
    assert document["troubles"] == [{"sink": "store", "why": "the disk is full"}]
    assert pictures == []


def test_shares_of_what_the_site_accepts_are_told_of_every_camera(page):
    document, _ = page.live()
    assert document["budget"] is None
    assert [camera["share"] for camera in document["cameras"]] == [None, None]
    page.site.budget = "3/day"
    page.site.accept("gate", "2/day")
    document, _ = page.live()
    assert document["budget"] == {
        "false_alarms": "3/day",
        "words": "3 a day",
        "accepted": "3 a day",
    }
    shares = [camera["share"] for camera in document["cameras"]]
    assert shares == pytest.approx([2 / 3, 1 / 3], abs=1e-6)
    assert document["troubles"] == []


def test_it_is_told_when_cameras_accept_more_than_the_site(page):
    page.site.budget = "3/day"
    page.site.accept("gate", "5/day")
    document, _ = page.live()
    assert document["troubles"] == [
        {
            "sink": "false alarms",
            "why": "all cameras together accept 6 a day just now, though the site file says "
            "3 a day",
        }
    ]


def test_an_event_that_goes_on_is_told(page, events):
    page.page.event("gate", events.new(events.live()))
    assert [camera["alarm"] for camera in page.live()[0]["cameras"]] == [True, False]
    page.page.event("gate", events.end(events.live()))
    assert [camera["alarm"] for camera in page.live()[0]["cameras"]] == [False, False]


def test_who_looks_gets_the_newest_picture_once_and_its_heat_map(page):
    page.live("0:-1:320")  # says that somebody looks
    for grey in (10, 200):
        time.sleep(0.25)
        page.page.frame("gate", page.site.detection(grey, score=3.0))
    document, [(jpeg, levels)] = page.live("0:-1:320,1:-1:320")
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (240, 320, 3)
    assert abs(float(picture.mean()) - 200) < 3
    head = document["cameras"][0]["picture"]
    assert head["box"] == [20, 16, 16, 16]
    assert (head["width"], head["height"]) == (640, 480)
    assert 0 <= head["age_s"] < 60
    assert levels.size == page.site.card.grid.rows * page.site.card.grid.columns
    assert levels.argmax() == 2 * page.site.card.grid.columns + 3
    assert page.live(f"0:{head['number']}:320")[1] == []
    assert len(page.live(f"0:{head['number'] - 1}:640")[1]) == 1


def test_a_threshold_is_changed_and_told(page, log):
    answer = page.ask("/api/cameras/1/threshold", "POST", {"false_alarms": " 6/hour "})
    assert answer.json["false_alarms"] == "6/hour"
    assert answer.json["words"] == "6 an hour"
    assert page.site.accepted == {"gate": "1/day", "yard": "6/hour"}
    assert page.live()[0]["cameras"][1]["threshold"] == answer.json
    assert "yard: 6/hour false alarms are accepted now" in log.text


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/api/cameras/0/threshold", {"false_alarms": "often"}, 400, "not a rate"),
        ("/api/cameras/0/threshold", {"false_alarms": "0/day"}, 400, "not a rate"),
        ("/api/cameras/0/threshold", {"rate": "1/day"}, 400, "false_alarms"),
        ("/api/cameras/0/threshold", b"\xff", 400, "false_alarms"),
        ("/api/cameras/0/threshold", b"[" * 4000, 400, "false_alarms"),
        ("/api/cameras/0/threshold", b" " * 5000, 413, "too long"),
        ("/api/cameras/2/threshold", {"false_alarms": "1/day"}, 400, "no such camera"),
        ("/api/cameras/x/threshold", {"false_alarms": "1/day"}, 400, "camera"),
        ("/api/login", {"token": "x" * 2000}, 400, "token"),
    ],
)
def test_what_cannot_be_is_refused_in_words(page, path, body, status, words):
    answer = page.ask(path, "POST", body)
    assert answer.status == status
    assert words in answer.json["error"] + answer.json["todo"]
    assert page.site.accepted["gate"] == "1/day"


@pytest.mark.parametrize(
    "path",
    [
        "/api/live?pictures=9:1:320",
        "/api/live?pictures=0:1:321",
        "/api/live?pictures=0:1:320,0:1:320,1:1:320",
        "/api/live?since=soon",
        "/api/events?limit=0",
        "/api/events?limit=99999",
        "/api/events?before=yesterday",
        "/api/events?since=yesterday",
        "/api/events?until=-1",
        "/api/events?camera=%00",
    ],
)
def test_parameters_that_cannot_be_are_refused_in_words(page, path):
    answer = page.ask(path)
    assert answer.status == 400
    assert answer.json["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2fsettings.py",
        "/api/events/..%2f..%2fevents.sqlite/clip",
        "/api/events/%2fetc%2fpasswd/picture",
        "/api/events/../../../etc/passwd/picture?width=320",
        "/serving.py",
        "/index.html",
    ],
)
def test_no_path_leads_out(page, path):
    answer = page.ask(path)
    assert answer.status == 404
    assert answer.json["error"]


def test_other_methods_are_refused(page):
    assert page.ask("/api/site", "DELETE").status == 405
    assert page.ask("/api/cameras/0/threshold").status == 405


def test_events_are_told_newest_first_and_only_when_they_changed(page, events, stored):
    page.store.event("yard", events.new(events.live(events.recent + 60, "yard")))
    events.eventually(
        lambda: [e["picture"] for e in page.ask("/api/events").json["events"]] == [True] * 2
    )
    answer = page.ask("/api/events")
    assert [event["camera"] for event in answer.json["events"]] == ["yard", "gate"]
    assert answer.json["events"][1]["clip"] is True
    assert page.ask("/api/events", if_none_match=answer.headers["etag"]).status == 304
    assert len(page.ask("/api/events?camera=gate").json["events"]) == 1
    newest = answer.json["events"][0]["id"]
    assert [each["id"] for each in page.ask(f"/api/events?before={newest}").json["events"]] == [
        stored.id
    ]


def test_events_are_searched_by_time_and_all_their_cameras_are_known(page, events, stored):
    then = int(stored.start)
    assert len(page.ask(f"/api/events?since={then}&until={then + 1}").json["events"]) == 1
    assert page.ask(f"/api/events?since={then + 1}").json["events"] == []
    assert page.ask(f"/api/events?until={then}").json["events"] == []
    assert page.ask("/api/site").json["recorded"] == ["gate"]


def test_where_the_store_is_broken_the_cameras_are_told(page):
    (page.folder / "events.sqlite").write_bytes(b"no database" * 500)
    answer = page.ask("/api/site")
    assert answer.status == 200
    assert answer.json["recorded"] == []


def test_a_picture_is_shown_as_it_is_and_smaller_with_its_box(page, stored):
    whole = page.ask(f"/api/events/{stored.id}/picture")
    assert whole.headers["content-type"] == "image/jpeg"
    marked = page.ask(f"/api/events/{stored.id}/picture?width=320")
    plain, boxed = (
        cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)
        for answer in (whole, marked)
    )
    assert plain.shape == boxed.shape
    assert plain.std() < 2 < boxed.std()


def test_a_broken_picture_is_told_in_words(page, stored):
    (page.folder / stem(stored.id).with_suffix(".jpg")).write_bytes(b"")
    answer = page.ask(f"/api/events/{stored.id}/picture?width=320")
    assert answer.status == 404
    assert "broken" in answer.json["error"]


def test_parts_of_a_clip_are_sent_so_that_browsers_can_seek(page, stored):
    path = f"/api/events/{stored.id}/clip"
    part = page.ask(path, range="bytes=50-59")
    assert part.status == 206
    assert part.body == bytes(range(50, 60))
    assert part.headers["content-range"] == "bytes 50-59/200"
    assert part.headers["content-type"] == "video/webm"
    assert page.ask(path, range="bytes=190-").body == bytes(range(190, 200))
    assert page.ask(path, range="bytes=500-").status == 416
    for odd in ("nonsense", "bytes=9-1", "bytes=-", "bytes=0-1,5-9", "bytes=a-b"):
        assert page.ask(path, range=odd).body == bytes(range(200))


def test_a_clip_that_is_not_there_is_told_in_words(page, events):
    answer = page.ask(f"/api/events/{events.live().id}/clip")
    assert answer.status == 404
    assert "after the event's end" in answer.json["todo"]


def test_what_is_shown_of_a_camera_stays_when_another_is_added(page):
    page.page.frame("gate", page.site.detection(score=2.5))
    before = page.ask("/api/site").json
    gate, yard = page.site.cameras
    page.page.watch([replace(yard, name="garden"), gate])
    after = page.ask("/api/site").json
    assert [camera["name"] for camera in after["cameras"]] == ["garden", "gate"]
    assert after["run"] != before["run"]
    document, _ = page.live(since=0)
    garden, gate = document["cameras"]
    assert [score for _, score in gate["scores"]] == [2.5]
    assert (garden["scores"], garden["state"]) == ([], "connecting")
    page.page.frame("yard", page.site.detection())  # what still comes of it is no fault
