"""Authentication: tokens, sessions that they open, and a limit on guessing."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from enum import Flag, auto
from pathlib import Path
from typing import TypeVar

from edge_vad.errors import BadInput
from edge_vad.sinks.http.http_errors import TokenWrong, TooManyTries
from edge_vad.sinks.http.network import network_of
from edge_vad.sinks.http.sessions import SESSION_S, Sessions
from edge_vad.sinks.secret import read_secret
from edge_vad.sinks.settings import ListeningSettings, PageSettings

_SHORTEST_TOKEN = 16
_FAILURES, _WITHIN_S = 5, 60.0
_MOST_ADDRESSES = 4096
Known = TypeVar("Known", bound="_Token")


class Right(Flag):
    """What somebody may do."""

    NOTHING = 0
    LOOK = auto()
    CHANGE = auto()
    DEPLOY = auto()


class Authenticator:
    """Checks tokens and sessions, in constant time.

    Args:
        token: What one has to know to look; None where all may.
        cookie: Name of the sessions' cookie. Sessions of another name are not good.
        ended: File that keeps which sessions were ended; without it, all end with the process.
        edit_token: What one has to know to change anything; None where all may who may look.
        deploy_token: What one has to know to roll out scenes; it opens no session, and allows
            nothing else. None: nobody may.
        wall_clock: Seconds since 1970.
        clock: Monotonic seconds.

    Attributes:
        is_open: Whether all may look.
        is_split: Whether one may look and not change.
    """

    session_s = SESSION_S

    def __init__(
        self,
        token: str | None,
        wall_clock: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        *,
        cookie: str = "",
        ended: Path | None = None,
        edit_token: str | None = None,
        deploy_token: str | None = None,
    ) -> None:
        self.cookie = cookie
        self.is_open, self.is_split = token is None, edit_token is not None
        self._least = Right.LOOK if self.is_split else Right.LOOK | Right.CHANGE
        """What those may do who may look."""
        edit_ended = ended and ended.with_name(f"{ended.stem}-edit.json")
        self._known = [
            _Known(right, secret, cookie, file, wall_clock)
            for right, secret, file in (
                (self._least, token, ended),
                (Right.LOOK | Right.CHANGE, edit_token, edit_ended),
            )
            if secret is not None
        ]
        self._programs = [] if deploy_token is None else [_Token(Right.DEPLOY, deploy_token)]
        self._brake = _FailureLimiter(clock)

    def open_session(self, token: str, address: str) -> str:
        """A session for who knows the token.

        Raises:
            TokenWrong: It is wrong.
            TooManyTries: It was guessed too often from this address.
        """
        return self._checked(token, address, self._known).sessions.open() if self._known else ""

    def check_token(self, token: str, address: str) -> Right:
        """What who knows a token may do.

        Raises:
            TokenWrong: It is wrong.
            TooManyTries: It was guessed too often from this address.
        """
        known = [*self._known, *self._programs]
        return self._checked(token, address, known).right if known else self._least

    def right_of(self, session: str) -> Right:
        """What one may do with a session, which may be any text."""
        right = self._least if self.is_open else Right.NOTHING
        for known in self._known:
            if known.sessions.is_good(session):
                right |= known.right
        return right

    def end_session(self, session: str) -> None:
        """End a session for good, wherever its cookie was copied to."""
        for known in self._known:
            known.sessions.end(session)

    def _checked(self, token: str, address: str, known: Sequence[Known]) -> Known:
        """The one of these that a token is."""
        self._brake.check(address)
        digest = _digest(token)
        found = [each for each in known if hmac.compare_digest(digest, each.digest)]
        if not found:
            self._brake.failed(address)
            raise TokenWrong
        return found[0]


class _Token:
    """A token, and what it stands for."""

    def __init__(self, right: Right, token: str) -> None:
        self.right, self.digest = right, _digest(token)


class _Known(_Token):
    """A token that opens sessions."""

    def __init__(
        self,
        right: Right,
        token: str,
        cookie: str,
        ended: Path | None,
        wall_clock: Callable[[], float],
    ) -> None:
        super().__init__(right, token)
        key = hmac.digest(self.digest, cookie.encode(), "sha256")
        self.sessions = Sessions(key, ended, wall_clock)


class _FailureLimiter:
    """Lets an address fail a few times a minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        with self._lock:
            failures = self._failures.get(network_of(address))
            if failures and len(failures) == _FAILURES:
                wait_s = failures[0] + _WITHIN_S - self._clock()
                if wait_s > 0:
                    raise TooManyTries(max(1.0, wait_s))

    def failed(self, address: str) -> None:
        with self._lock:
            network = network_of(address)
            self._failures.setdefault(network, deque(maxlen=_FAILURES)).append(self._clock())
            self._failures.move_to_end(network)
            if len(self._failures) > _MOST_ADDRESSES:
                self._failures.popitem(last=False)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def read_token(settings: ListeningSettings, what: str) -> str | None:
    """The token that the settings name; None where they name none.

    Args:
        settings: Where it stands.
        what: It is for, for people.

    Raises:
        BadInput: It is not where it should be, or too short.
    """
    return _long_enough(read_secret(settings.token_env, settings.token_file), what)


def read_edit_token(settings: PageSettings, token: str | None) -> str | None:
    """The token for changes that the settings name; None where they name none.

    Args:
        settings: Where it stands.
        token: The one for those who look.

    Raises:
        BadInput: It is not where it should be, too short, or the same as the other.
    """
    read = read_secret(settings.edit_token_env, settings.edit_token_file)
    edit_token = _long_enough(read, "those who change")
    if edit_token is not None and edit_token == token:
        raise BadInput(
            "the token of those who look and of those who change is the same",
            "make another one for changes: openssl rand -hex 24",
        )
    return edit_token


def read_deploy_token(settings: PageSettings, others: Sequence[str | None]) -> str | None:
    """The token of those who roll out scenes that the settings name; None where they name none.

    Args:
        settings: Where it stands.
        others: The other tokens.

    Raises:
        BadInput: It is not where it should be, too short, or the same as another.
    """
    read = read_secret(settings.deploy_token_env, settings.deploy_token_file)
    token = _long_enough(read, "those who roll out scenes")
    if token is not None and token in others:
        raise BadInput(
            "the token of those who roll out scenes is that of others, too",
            "make another one for them: openssl rand -hex 24",
        )
    return token


def _long_enough(token: str | None, what: str) -> str | None:
    if token is None:
        return None
    if len(token.strip()) < _SHORTEST_TOKEN:
        raise BadInput(
            f"the token of {what} is shorter than {_SHORTEST_TOKEN} characters",
            "make a longer one: openssl rand -hex 24",
        )
    return token.strip()
