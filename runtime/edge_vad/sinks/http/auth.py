"""Authentication: a token, sessions that it opens, and a limit on guessing."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path

from edge_vad.errors import BadInput
from edge_vad.sinks.http.http_errors import TokenWrong, TooManyTries
from edge_vad.sinks.http.network import network_of
from edge_vad.sinks.http.sessions import SESSION_S, Sessions
from edge_vad.sinks.secret import read_secret
from edge_vad.sinks.settings import ListeningSettings

_SHORTEST_TOKEN = 16
_FAILURES, _WITHIN_S = 5, 60.0
_MOST_ADDRESSES = 4096


class Authenticator:
    """Checks tokens and sessions, in constant time.

    Args:
        token: What one has to know; None where all may come in.
        cookie: Name of the sessions' cookie. Sessions of another name are not good.
        ended: File that keeps which sessions were ended; without it, all end with the process.
        wall_clock: Seconds since 1970.
        clock: Monotonic seconds.
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
    ) -> None:
        self.is_open, self.cookie = token is None, cookie
        self._digest = _digest(token or "")
        key = hmac.digest(self._digest, cookie.encode(), "sha256")
        self._sessions = Sessions(key, None if self.is_open else ended, wall_clock)
        self._brake = _FailureLimiter(clock)

    def open_session(self, token: str, address: str) -> str:
        """A session for who knows the token.

        Raises:
            TokenWrong: It is wrong.
            TooManyTries: It was guessed too often from this address.
        """
        self.check_token(token, address)
        return self._sessions.open()

    def check_token(self, token: str, address: str) -> None:
        """Check a token.

        Raises:
            TokenWrong: It is wrong.
            TooManyTries: It was guessed too often from this address.
        """
        if self.is_open:
            return
        self._brake.check(address)
        if not hmac.compare_digest(_digest(token), self._digest):
            self._brake.failed(address)
            raise TokenWrong

    def is_session(self, session: str) -> bool:
        """Whether a session, which may be any text, is good."""
        return self._sessions.is_good(session)

    def end_session(self, session: str) -> None:
        """End a session for good, wherever its cookie was copied to."""
        self._sessions.end(session)


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
    token = read_secret(settings.token_env, settings.token_file)
    if token is None:
        return None
    if len(token.strip()) < _SHORTEST_TOKEN:
        raise BadInput(
            f"the token of {what} is shorter than {_SHORTEST_TOKEN} characters",
            "make a longer one: openssl rand -hex 24",
        )
    return token.strip()
