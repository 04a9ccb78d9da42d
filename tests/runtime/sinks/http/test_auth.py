"""Who may see the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_vad.sinks.http import sessions
from edge_vad.sinks.http.auth import Authenticator
from edge_vad.sinks.http.http_errors import TokenWrong, TooManyTries

TOKEN = "correct horse battery staple"  # noqa: S105


class Clock:
    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ended(tmp_path):
    """The file of ended sessions."""
    return tmp_path / "ended.json"


@pytest.fixture
def again(clock, ended, monkeypatch):
    """Access to a page, as after a restart."""
    monkeypatch.setattr(sessions, "write_whole", lambda path, content: path.write_bytes(content))
    return lambda token=TOKEN, cookie="page": Authenticator(
        token, clock, clock, cookie=cookie, ended=ended
    )


@pytest.fixture
def access(clock):
    return Authenticator(TOKEN, clock, clock)


def test_who_knows_the_token_gets_a_session_that_says_nothing_of_it(access):
    session = access.open_session(TOKEN, "10.0.0.9")
    assert access.right_of(session)
    assert "correct" not in session


def test_a_session_is_good_after_a_restart_and_not_with_another_token(again):
    session = again().open_session(TOKEN, "10.0.0.9")
    assert again().right_of(session)
    assert not again(TOKEN + "r").right_of(session)


def test_a_session_is_no_good_at_another_door(again):
    session = again().open_session(TOKEN, "10.0.0.9")
    assert not again(cookie="other").right_of(session)


def test_who_logs_out_is_out_and_nobody_else_also_after_a_restart(again):
    access = again()
    one, other = (access.open_session(TOKEN, "10.0.0.9") for _ in range(2))
    access.end_session(one)
    for each in (access, again()):
        assert not each.right_of(one)
        assert each.right_of(other)


@pytest.mark.parametrize("spoil", ["remove", "damage", "empty"])
def test_no_session_comes_back_to_life_when_its_end_was_lost(again, ended, spoil):
    access = again()
    session = access.open_session(TOKEN, "10.0.0.9")
    access.end_session(session)
    if spoil == "remove":
        ended.unlink()
    else:
        ended.write_bytes(b"" if spoil == "empty" else b'{"ended": 7}')
    assert not again().right_of(session)


def test_no_session_comes_back_to_life_where_its_end_could_not_be_written(again, monkeypatch):
    access = again()
    session = access.open_session(TOKEN, "10.0.0.9")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(sessions, "write_whole", full)
        access.end_session(session)
    assert not access.right_of(session)
    assert not again().right_of(session)


def test_where_ends_cannot_be_written_sessions_end_with_the_process(again, monkeypatch):
    session = again().open_session(TOKEN, "10.0.0.9")

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(sessions, "write_whole", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    access = again()
    later = access.open_session(TOKEN, "10.0.0.9")
    assert access.right_of(later)
    assert not access.right_of(session)
    assert not again().right_of(later)


def test_what_is_kept_of_ended_sessions_is_bounded_and_no_session_comes_back(again, ended):
    access, first = again(), None
    for _ in range(1002):
        session = access.open_session(TOKEN, "10.0.0.9")
        first = first or session
        access.end_session(session)
    assert ended.stat().st_size < 100_000
    assert not access.right_of(first)
    assert access.right_of(access.open_session(TOKEN, "10.0.0.9"))


def test_what_is_kept_opens_no_session(again, ended):
    access = again()
    access.end_session(access.open_session(TOKEN, "10.0.0.9"))
    kept = json.loads(ended.read_bytes())
    ((name, until),) = kept["ended"].items()
    assert not access.right_of(f"{until}.{name}.{kept['salt']}")
    assert TOKEN not in ended.read_text()


def test_ending_what_is_no_session_is_harmless(again, ended):
    access = again()
    before = ended.read_bytes()
    for text in ("", "1.2.3", "é", "9" * 5000):
        access.end_session(text)
    assert ended.read_bytes() == before


def test_a_session_ends(access, clock):
    session = access.open_session(TOKEN, "10.0.0.9")
    clock.now += access.session_s + 1
    assert not access.right_of(session)


@pytest.mark.parametrize(
    "forged",
    [
        "",
        ".",
        "1",
        "9999999999",
        "9999999999.",
        "9999999999.00",
        "٣.x",
        "-1.x",
        "9" * 99 + ".x",
        "é.é",
    ],
)
def test_a_session_cannot_be_made_up(access, forged):
    assert not access.right_of(forged)


def test_the_end_of_a_session_cannot_be_put_off(access):
    until, _, rest = access.open_session(TOKEN, "10.0.0.9").partition(".")
    assert not access.right_of(f"{int(until) + 1}.{rest}")


@pytest.mark.parametrize("wrong", ["", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\ud800", "é" * 40])
def test_a_wrong_token_is_refused(access, wrong):
    with pytest.raises(TokenWrong):
        access.check_token(wrong, "10.0.0.9")


def test_guessing_is_slowed_down_even_where_the_next_guess_is_right(access, clock):
    for _ in range(5):
        with pytest.raises(TokenWrong):
            access.check_token("no", "10.0.0.9")
    with pytest.raises(TooManyTries) as refusal:
        access.check_token(TOKEN, "10.0.0.9")
    assert 0 < refusal.value.wait_s <= 60
    access.check_token(TOKEN, "10.0.0.10")
    clock.now += 61
    access.check_token(TOKEN, "10.0.0.9")


def test_all_addresses_of_one_network_of_ipv6_guess_together(access):
    for number in range(5):
        with pytest.raises(TokenWrong):
            access.check_token("no", f"2001:db8::{number}")
    with pytest.raises(TooManyTries):
        access.check_token("no", "2001:db8::ffff")
    access.check_token(TOKEN, "2001:db8:0:1::1")


def test_addresses_of_ipv4_guess_apart_where_ipv6_is_spoken(access):
    for _ in range(5):
        with pytest.raises(TokenWrong):
            access.check_token("no", "::ffff:10.0.0.9")
    with pytest.raises(TooManyTries):
        access.check_token("no", "10.0.0.9")
    access.check_token(TOKEN, "::ffff:10.0.0.10")


def test_what_is_kept_of_those_who_guess_is_bounded(access):
    for number in range(5000):
        with pytest.raises(TokenWrong):
            access.check_token("no", f"10.{number // 250}.{number % 250}.1")
    assert len(access._brake._failures) <= 4096


def test_without_a_token_all_is_open():
    access = Authenticator(None)
    assert access.is_open
    access.check_token("anything", "127.0.0.1")
