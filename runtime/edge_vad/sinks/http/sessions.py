"""Sessions that a token opens: valid across restarts, and ended by a logout."""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from edge_vad.files.atomic import write_whole

SESSION_S = 30 * 86400
_MOST_ENDED = 1000
_LARGEST_FILE = 1_000_000
_log = logging.getLogger(__name__)


class _SavedSessions(msgspec.Struct):
    """What outlives the process.

    Attributes:
        salt: Goes into the key: sessions end with it.
        ended: Sessions that were ended, and the times when they would have by themselves.
    """

    salt: str = msgspec.field(default_factory=lambda: secrets.token_hex(16))
    ended: dict[str, int] = msgspec.field(default_factory=dict)


class Sessions:
    """Opens, knows and ends sessions.

    A session is the time of its end, a name by chance and a keyed hash of both: of those that go on
    nothing is kept. Which were ended is kept in the file, together with a salt of the key: so none
    comes back to life, whatever becomes of the file.

    Args:
        key: What signs them; of another key none is good.
        file: Where it is kept which were ended. Where it is None or cannot be written, all sessions
            end with the process.
        clock: Seconds since 1970.
    """

    def __init__(
        self, key: bytes, file: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._key, self._file, self._clock = key, file, clock
        self._changing = threading.Lock()
        self._kept = self._read() or _SavedSessions()
        if not self._is_written():
            self._kept = _SavedSessions()  # or one that is ended now would be good again later

    def open(self) -> str:
        """A new session."""
        said = f"{int(self._clock()) + SESSION_S}.{secrets.token_hex(16)}"
        return f"{said}.{self._sign(said)}"

    def is_good(self, session: str) -> bool:
        """Whether a session, which may be any text, was opened here and goes on."""
        return self._named(session) is not None

    def end(self, session: str) -> None:
        """End a session; one that is not good is none."""
        with self._changing:
            named = self._named(session)
            if named is None:
                return
            now, kept = self._clock(), self._kept
            ended = {name: until for name, until in kept.ended.items() if now < until}
            ended[named[0]] = named[1]
            # None is forgotten to make room: rather than that, all log in again.
            self._kept = (
                _SavedSessions(kept.salt, ended) if len(ended) <= _MOST_ENDED else _SavedSessions()
            )
            self._is_written()

    def _named(self, session: str) -> tuple[str, int] | None:
        said, _, signature = session.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(said).encode()):
            return None
        until, _, name = said.partition(".")  # as we wrote them
        is_over = name in self._kept.ended or self._clock() >= int(until)
        return None if is_over else (name, int(until))

    def _sign(self, said: str) -> str:
        return hmac.new(self._key + self._kept.salt.encode(), said.encode(), "sha256").hexdigest()

    def _read(self) -> _SavedSessions | None:
        if self._file is None:
            return None
        try:
            with self._file.open("rb") as file:
                return msgspec.json.decode(file.read(_LARGEST_FILE), type=_SavedSessions)
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            _log.warning("%s cannot be read: all have to log in again", self._file)
            return None

    def _is_written(self) -> bool:
        """Whether what is kept is in the file now; where it is not, nothing is."""
        if self._file is None:
            return False
        try:
            write_whole(self._file, msgspec.json.encode(self._kept))
        except OSError as error:
            _log.warning("%s: sessions end with this process (%s)", self._file, error.strerror)
            with suppress(OSError):
                self._file.unlink(missing_ok=True)
            return False
        return True
