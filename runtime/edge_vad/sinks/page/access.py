"""Who may see the page: a token, sessions that it opens, and a brake on guessing."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from edge_vad.sinks.page.refusals import TokenWrong, TooManyTries

_SESSION_S = 30 * 86400
_FAILURES, _WITHIN_S = 5, 60.0
_MOST_ADDRESSES = 4096


class Access:
    """Checks tokens and sessions, in constant time.

    A session is the time of its end and a keyed hash of that; it is good across restarts and until
    the token is changed, and nothing is kept of it here.

    Args:
        token: What one has to know; None where all may see the page.
        wall_clock: Seconds since 1970.
        clock: Monotonic seconds.
    """

    session_s = _SESSION_S

    def __init__(
        self,
        token: str | None,
        wall_clock: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_open = token is None
        self._digest = _digest(token or "")
        self._key = hmac.digest(self._digest, b"edge-vad session", "sha256")
        self._wall_clock = wall_clock
        self._brake = _Brake(clock)

    def open_session(self, token: str, address: str) -> str:
        """A session for who knows the token.

        Raises:
            TokenWrong: It is wrong.
            TooManyTries: It was guessed too often from this address.
        """
        self.check_token(token, address)
        until = f"{int(self._wall_clock()) + _SESSION_S}"
        return f"{until}.{self._sign(until)}"

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
        until, _, signature = session.partition(".")
        if not (until.isascii() and until.isdigit() and len(until) <= 12):
            return False
        is_ours = hmac.compare_digest(signature.encode(), self._sign(until).encode())
        return is_ours and self._wall_clock() < int(until)

    def _sign(self, until: str) -> str:
        return hmac.new(self._key, until.encode(), "sha256").hexdigest()


class _Brake:
    """Lets an address fail a few times a minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        with self._lock:
            failures = self._failures.get(_network(address))
            if failures and len(failures) == _FAILURES:
                wait_s = failures[0] + _WITHIN_S - self._clock()
                if wait_s > 0:
                    raise TooManyTries(max(1.0, wait_s))

    def failed(self, address: str) -> None:
        with self._lock:
            network = _network(address)
            self._failures.setdefault(network, deque(maxlen=_FAILURES)).append(self._clock())
            self._failures.move_to_end(network)
            if len(self._failures) > _MOST_ADDRESSES:
                self._failures.popitem(last=False)


def _network(address: str) -> str:
    """All addresses that one machine may choose from: of IPv6 the first half."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
