"""Takes what is kept, by whoever is on the box: the run that goes on, or else the command itself.

Who may write beside the site file may ask: the run looks for a file there, and answers by another.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from edge_vad.errors import EdgeVadError, Unavailable
from edge_vad.files.atomic import PRIVATE, write_whole
from edge_vad.files.bounded import read_bounded
from edge_vad.files.owner import Owner, is_owned
from edge_vad.push.releases import REQUEST, Releases
from edge_vad.site.editing import rewrite_site

_ANSWER = "rollback.answer"
_LARGEST = 10_000
_LOOK_EVERY_S = 0.5
_PATIENCE_S = 120.0
_log = logging.getLogger(__name__)


class RolledBack(msgspec.Struct, frozen=True):
    """What became of a roll-back.

    Attributes:
        serial: Of the push that holds now; 0 where none does.
        kept: Of the one that it was before, and that another roll-back takes.
        running: Whether a run has taken it over; else it holds from the next one on.
    """

    serial: int
    kept: int
    running: bool


class _RollbackAnswer(msgspec.Struct, frozen=True):
    request: str
    error: str = ""
    todo: str = ""


class RollbackRequests:
    """Looks for requests until it is closed.

    Args:
        folder: Of pushes.
        roll_back: Does it.
    """

    def __init__(self, folder: Path, roll_back: Callable[[], object]) -> None:
        self._folder, self._roll_back = folder, roll_back
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rollback", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it; harmless when called twice."""
        self._is_over.set()

    def _run(self) -> None:
        while not self._is_over.wait(_LOOK_EVERY_S):
            request = self._taken()
            if request is not None:
                self._serve(request)

    def _taken(self) -> str | None:
        """The request that is there, which then is there no more."""
        place = self._folder / REQUEST
        if not place.is_file():
            return None
        try:
            return read_bounded(place, _LARGEST).decode("ascii")
        except (OSError, ValueError) as error:
            _log.warning("a request to roll back cannot be read (%s)", type(error).__name__)
            return None
        finally:
            with suppress(OSError):
                place.unlink()

    def _serve(self, request: str) -> None:
        answer = _RollbackAnswer(request)
        try:
            self._roll_back()
        except EdgeVadError as error:
            answer = _RollbackAnswer(request, error.what, error.todo)
        except Exception as error:  # noqa: BLE001 - who asked is told
            _log.exception("the roll-back failed")
            answer = _RollbackAnswer(
                request, f"it failed ({type(error).__name__})", "see the run's log"
            )
        with suppress(OSError):
            write_whole(self._folder / _ANSWER, msgspec.json.encode(answer), PRIVATE)


def roll_back(site_file: Path) -> RolledBack:
    """Take the site file that is kept, and keep the one that holds.

    Args:
        site_file: The site file.

    Raises:
        BadInput: Nothing is kept, or it cannot be written.
        Unavailable: A run goes on and does not answer.
        EdgeVadError: It cannot watch by what is kept.
    """
    releases = Releases(site_file)
    releases.kept_text()  # before anything is asked, or made
    is_running = is_owned(releases.folder)
    if is_running:
        _ask(releases.folder)
    else:
        with closing(Owner(releases.folder)):
            _take_kept(site_file, releases)
    state = releases.state()
    return RolledBack(state.serial, state.kept_serial or 0, is_running)


def _take_kept(site_file: Path, releases: Releases) -> None:
    """Swap the site file with the kept one; nothing changes where that fails."""
    text, state, before = releases.kept_text(), releases.state(), list[str]()
    serial = state.kept_serial or 0
    with releases.unchanged_on_error():
        rewrite_site(
            site_file,
            lambda old: (before.append(old), text)[1],  # type: ignore[func-returns-value]
            check=lambda _: releases.keep(serial, before[0], state.serial),
        )
    releases.note(serial, "rolled back", "edge-vad site rollback")


def _ask(folder: Path) -> None:
    request, until = secrets.token_hex(8), time.monotonic() + _PATIENCE_S
    write_whole(folder / REQUEST, request.encode(), PRIVATE)
    while time.monotonic() < until:
        time.sleep(_LOOK_EVERY_S / 5)
        answer = _answer(folder)
        if answer is None or answer.request != request:
            continue
        (folder / _ANSWER).unlink(missing_ok=True)
        if answer.error:
            raise EdgeVadError(answer.error, answer.todo)
        return
    (folder / REQUEST).unlink(missing_ok=True)
    raise Unavailable(
        "the run does not take the roll-back over", "see its log; stop it, and roll back again"
    )


def _answer(folder: Path) -> _RollbackAnswer | None:
    try:
        return msgspec.json.decode(read_bounded(folder / _ANSWER, _LARGEST), type=_RollbackAnswer)
    except (OSError, ValueError):
        return None
