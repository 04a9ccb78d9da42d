"""Real receivers on loopback, and a clock that a test sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from receiver import Receiver

from edge_vad.sinks.notify import sink as notify_sink
from edge_vad.sinks.notify.sink import Notify
from edge_vad.sinks.notify_settings import NotifySettings


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


class Clock:
    """Seconds since 1970, as far as a test has set them."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock(1_767_700_800.0)  # 2026-01-06, 12:00 UTC


@pytest.fixture
def make_sink(
    receiver: Receiver, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Notify]]:
    """Makes the sink `phone`, which speaks to the receiver where no other address is given."""
    monkeypatch.setattr(notify_sink, "_STEP_S", 0.02)
    made = []

    def make(address: str | None = None, now: Callable[[], float] = clock, **settings: object):
        monkeypatch.setenv("PHONE", address or receiver.address)
        wanted = NotifySettings(
            **{"name": "phone", "address_env": "PHONE", "time_zone": "UTC", **settings}
        )
        sink = Notify(wanted, tmp_path / "spool/notify-phone.sqlite", tmp_path, now)
        made.append(sink)
        return sink

    yield make
    for sink in made:
        sink.close(2)


@pytest.fixture
def begin(clock: Clock, events: SimpleNamespace) -> Callable[..., str]:
    """Lets an event begin now, and end; returns its id."""

    def begin(sink: Notify, camera: str = "gate", **changes: object) -> str:
        event = events.live(clock(), camera, **changes)
        for change in (events.new(event), events.update(event), events.end(event)):
            sink.event(camera, change)
        return event.id

    return begin
