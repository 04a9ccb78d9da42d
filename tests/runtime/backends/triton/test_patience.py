"""When a server is asked again that did not answer."""

from __future__ import annotations

import threading

import pytest

from edge_vad.backends.triton.patience import LONGEST_WAIT_S, Patience
from edge_vad.errors import ServerAway


class Clock:
    """Time that passes when somebody waits or works."""

    def __init__(self) -> None:
        self.now = 100.0

    def pause(self, seconds: float) -> None:
        self.now += seconds


class Server:
    """Answers, or is away; counts how often it is asked."""

    def __init__(self, clock: Clock, takes_s: float = 0.0) -> None:
        self.clock, self.takes_s = clock, takes_s
        self.away, self.asked = False, 0
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> str:
        self.asked += 1
        self.seconds.append(seconds)
        self.clock.now += min(self.takes_s, seconds)
        if self.away:
            raise ServerAway("away", "wait")
        return "score"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def patience(clock: Clock, *, may_wait: bool = False) -> Patience:
    made = Patience(1.0, now=lambda: clock.now, pause=clock.pause)
    made.may_wait = may_wait
    return made


def refused(asking: Patience, server: Server) -> None:
    with pytest.raises(ServerAway):
        asking.ask(server)


def test_a_second_try_has_what_is_left_of_the_deadline(clock: Clock) -> None:
    server, asking = Server(clock, takes_s=0.4), patience(clock)
    server.away = True
    refused(asking, server)
    assert server.seconds == pytest.approx([1.0, 0.6])


def test_a_server_that_does_not_answer_in_time_is_asked_once(clock: Clock) -> None:
    server, asking = Server(clock, takes_s=5.0), patience(clock)
    server.away = True
    refused(asking, server)
    assert server.asked == 1


def test_while_it_is_away_nobody_waits_for_it_and_it_is_asked_more_and_more_seldom(
    clock: Clock,
) -> None:
    server, asking = Server(clock), patience(clock)
    server.away = True
    asked_by = []
    for _ in range(200):  # twenty seconds of a camera
        refused(asking, server)
        asked_by.append(server.asked)
        clock.now += 0.1
    assert asked_by[0] == 2
    assert asked_by[49] - asked_by[0] <= 6
    assert asked_by[199] - asked_by[99] <= 6


def test_it_scores_again_as_soon_as_it_is_asked_after_it_is_back(clock: Clock) -> None:
    server, asking = Server(clock), patience(clock)
    server.away = True
    for _ in range(50):
        refused(asking, server)
        clock.now += 0.1
    server.away = False
    clock.now += 2.0
    assert asking.ask(server) == "score"
    assert asking.away is None


def test_second_tries_are_a_tenth_of_the_frames_that_were_scored(clock: Clock) -> None:
    server, asking = Server(clock), patience(clock)
    for round_number in range(1000):
        server.away = round_number % 2 == 0
        if server.away:
            refused(asking, server)
            clock.now += 10.0
        else:
            asking.ask(server)
    assert server.asked - 1000 <= 10 + 500 * 0.1


def test_footage_waits_for_a_while_and_then_no_longer(clock: Clock) -> None:
    server, asking = Server(clock), patience(clock, may_wait=True)
    server.away = True
    began = clock.now
    refused(asking, server)
    assert LONGEST_WAIT_S <= clock.now - began <= LONGEST_WAIT_S + 5


def test_what_is_no_absence_is_raised_at_once(clock: Clock) -> None:
    def broken(seconds: float) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        patience(clock, may_wait=True).ask(broken)


def test_where_frames_do_not_wait_none_of_them_asks_a_server_that_is_away(clock: Clock) -> None:
    server, looks = Server(clock, takes_s=5.0), threading.Semaphore(0)
    server.away, seen = True, []

    def look(seconds: float) -> None:
        looks.acquire()
        seen.append(seconds)
        if server.away:
            raise ServerAway("away", "wait")

    asking = Patience(1.0, look, lambda: clock.now, clock.pause)
    asking.may_wait = False
    refused(asking, server)
    for _ in range(100):
        clock.now += 0.1
        refused(asking, server)
    assert server.asked == 1
    server.away = False
    looks.release(1000)
    asking._looking.join(60)
    assert seen == [1.0]
    assert asking.ask(server) == "score"


def test_frames_that_are_not_scored_while_it_is_away_are_not_kept(clock: Clock) -> None:
    server, ended = Server(clock), threading.Event()
    asking = Patience(1.0, lambda _: ended.wait(60), lambda: clock.now, clock.pause)
    asking.may_wait, server.away = False, True
    depths = []
    for _ in range(50):
        with pytest.raises(ServerAway) as told:
            asking.ask(server)
        depths.append(len(told.traceback))
        clock.now += 0.1
    ended.set()
    assert max(depths[1:]) == depths[1]


@pytest.mark.parametrize("error", [ServerAway("away", "wait"), ZeroDivisionError()])
def test_looking_in_vain_is_no_end(clock: Clock, error: Exception) -> None:
    server, seen = Server(clock), []

    def look(seconds: float) -> None:
        seen.append(seconds)
        if len(seen) < 3:
            raise error

    asking = Patience(1.0, look, lambda: clock.now, clock.pause)
    asking.may_wait, server.away = False, True
    refused(asking, server)
    server.away = False
    for _ in range(3):
        clock.now += 5.0
        refused(asking, server)
        asking._looking.join(60)
    assert len(seen) == 3
    assert asking.ask(server) == "score"
