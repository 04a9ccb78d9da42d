"""A sender that is held up says so."""

from __future__ import annotations

import threading

from edge_vad.sinks.delivery import Message, Outbox, Sender, sender


def test_a_delivery_that_takes_long_is_told_whatever_it_waits_for(tmp_path, monkeypatch, events):
    monkeypatch.setattr(sender, "_PATIENCE_S", 0.3)
    blocked = threading.Event()

    def deliver(messages, stopping):
        blocked.wait(120)
        return messages[-1].seq

    carrier = Sender("mqtt", Outbox(tmp_path / "outbox.sqlite", 10_000), deliver)
    try:
        assert carrier.health().ok
        carrier.send(Message("topic", b"payload", "event", None))
        events.eventually(lambda: not carrier.health().ok)
        assert carrier.health().why == "nothing has been delivered for 0.3 s"
        blocked.set()
        events.eventually(lambda: carrier.health().ok and not carrier.health().depth)
    finally:
        blocked.set()
        carrier.close(2)
