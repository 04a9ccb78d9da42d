"""The server: it takes nothing with it, and leaves nothing behind."""

from __future__ import annotations

import socket
import threading

from edge_vad.sinks.group import SinkGroup
from edge_vad.sinks.store import StoredEvents
from edge_vad.sinks.store.schema import DATABASE


def test_a_closed_page_leaves_neither_a_thread_nor_its_port(serve, events):
    before = set(threading.enumerate())
    served = serve()
    for path in ("/api/live?pictures=0:-1:320", "/api/events", "/"):
        assert served.ask(path).status == 200
    served.page.close(60.0)
    served.page.close(60.0)
    served.store.close(60.0)
    events.eventually(lambda: set(threading.enumerate()) <= before)
    with socket.create_server(("127.0.0.1", served.port)):
        pass


def test_a_server_that_dies_is_told_and_the_cameras_go_on(page, events, log):
    page.page._server._server.should_exit = True
    events.eventually(lambda: not page.page.health().ok)
    assert page.page.health().why == "the page is no longer served"
    assert "the cameras go on" in log.text
    group = SinkGroup([page.page])
    group.frame("gate", page.site.detection())
    group.event("gate", events.new(events.live()))
    assert group.health().why == "page: the page is no longer served"


def test_a_fault_is_logged_and_not_shown(page, monkeypatch, log):
    def fail(*_):
        raise RuntimeError("hunter2")

    monkeypatch.setattr(StoredEvents, "newest", fail)
    answer = page.ask("/api/events")
    assert answer.status == 500
    assert answer.json["error"] == "the page failed"
    assert answer.json["todo"] == "see the log of edge-vad"
    assert "the page failed with RuntimeError" in log.text
    assert page.ask("/api/site").status == 200


def test_a_store_that_cannot_be_read_is_told_and_the_cameras_are_shown(page):
    page.store.close(60.0)
    page.folder.mkdir(exist_ok=True)
    (page.folder / DATABASE).write_bytes(b"no database at all, " * 200)
    answer = page.ask("/api/events")
    assert answer.status == 503
    assert "cannot be read" in answer.json["error"]
    assert page.ask("/api/live").status == 200
