from __future__ import annotations

import hashlib
import hmac

import pytest
from receiver import PostServer

from edge_vad.errors import BadInput
from edge_vad.sinks.settings import WebhookSettings
from edge_vad.sinks.webhook import Webhook


@pytest.fixture
def site():
    site = PostServer()
    yield site
    site.stop()


@pytest.fixture
def hook(site, tmp_path, monkeypatch):
    made = []

    def make(**settings):
        monkeypatch.setenv("HOOK", f"http://127.0.0.1:{site.port}/alarm?token=private")
        sink = Webhook(WebhookSettings(url_env="HOOK", **settings), tmp_path / "webhook.sqlite")
        made.append(sink)
        return sink

    yield make
    for sink in made:
        sink.close(2)


def three(events, sink, at=0.0):
    event = events.live(events.recent + at)
    for change in (events.new(event), events.update(event), events.end(event)):
        sink.event("gate", change)
    return event.id


def test_beginning_and_end_are_posted_and_steps_on_demand(hook, site, events):
    first = three(events, hook())
    events.eventually(lambda: len(site.taken) == 2)
    assert [(each["type"], each["id"]) for each in site.taken] == [("new", first), ("end", first)]
    path, headers, _ = site.seen[0]
    assert path == "/alarm?token=private"
    assert headers["X-Edge-Vad-Event"] == f"{first}/new"
    assert "X-Edge-Vad-Signature" not in headers


def test_with_a_secret_requests_are_signed(hook, site, events, monkeypatch):
    monkeypatch.setenv("KEY", "between us")
    three(events, hook(secret_env="KEY", updates=True))
    events.eventually(lambda: len(site.taken) == 3)
    for _, headers, body in site.seen:
        signed = headers["X-Edge-Vad-Timestamp"].encode() + b"." + body
        expected = hmac.new(b"between us", signed, hashlib.sha256).hexdigest()
        assert headers["X-Edge-Vad-Signature"] == f"sha256={expected}"


def test_what_fails_is_sent_again_until_it_is_taken_and_in_order(hook, site, events):
    site.statuses = [503, 500, 429]
    sink = hook()
    ids = [three(events, sink, at) for at in range(3)]
    events.eventually(lambda: len(site.taken) == 6)
    assert [each["id"] for each in site.taken[::2]] == ids
    assert len(site.seen) == 9
    assert len({headers["X-Edge-Vad-Event"] for _, headers, _ in site.seen[:4]}) == 1
    events.eventually(lambda: sink.health().ok and not sink.health().depth)


def test_nothing_is_lost_while_the_other_side_is_away_or_we_are(hook, site, events):
    site.stop()
    first = hook()
    ids = [three(events, first, at) for at in range(20)]
    events.eventually(lambda: "does not answer" in first.health().why and not first.unsaved())
    first.close(60)
    site.start()
    second = hook()
    ids.append(three(events, second, 30))
    events.eventually(lambda: len(site.taken) >= 42)
    assert [each["id"] for each in site.taken] == [event for event in ids for _ in range(2)]


@pytest.mark.parametrize("status", [400, 404, 302])
def test_a_refusal_is_told_and_holds_up_nothing(hook, site, events, status):
    site.statuses = [status]
    sink = hook()
    three(events, sink)
    events.eventually(lambda: len(site.taken) == 1)
    assert site.taken[0]["type"] == "end"
    assert sink.health().dropped == 1
    assert all(path == "/alarm?token=private" for path, _, _ in site.seen)


def test_no_word_of_the_address_but_its_host_is_told(hook, site, events, caplog):
    site.stop()
    sink = hook()
    three(events, sink)
    why = events.eventually(lambda: sink.health().why)
    site.start()
    assert "127.0.0.1" in why
    assert "private" not in why + caplog.text


def test_an_address_that_is_none_is_an_error_at_once_and_not_repeated(tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK", "private words")
    with pytest.raises(BadInput, match="address") as error:
        Webhook(WebhookSettings(url_env="HOOK"), tmp_path / "webhook.sqlite")
    assert "private" not in str(error.value)
