"""What a box keeps of pushes, beside its site file: scenes by number, and the site file before.

The folder `pushed` holds a folder for each push whose scenes a camera shows or would show after a
roll-back, `kept.toml`, which is the site file before the push that holds, `state.json` and
`history.jsonl`. The site file names scenes by their place in there, so writing it anew, which is
done at once and whole, is what takes a push over.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import msgspec

from edge_vad.errors import BadInput
from edge_vad.files.atomic import (
    PRIVATE,
    make_private_file,
    make_private_folder,
    write_whole,
)
from edge_vad.files.bounded import read_bounded, read_text, reason_of
from edge_vad.site.reading import decode_site
from edge_vad.site.settings import SiteSettings
from edge_vad.untrusted import shown_path

FOLDER = "pushed"
_STATE, _KEPT, _HISTORY = "state.json", "kept.toml", "history.jsonl"
_INCOMING = ".incoming-"
_RELEASE = re.compile(r"[1-9][0-9]{0,15}")
_LARGEST = 1_000_000
_log = logging.getLogger(__name__)


class PushState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which push holds.

    Attributes:
        serial: Of the push that holds; 0 where none does.
        kept: Of the one that `kept.toml` is of; None where there is none.
        highest: The largest that ever held: no other of so small a number is taken.
        before: SHA-256 of the site file that was to be replaced: where that is still there, it
            never came to it.
    """

    serial: int = 0
    kept: int | None = None
    highest: int = 0
    before: str = ""


class Releases:
    """The folder of pushes beside a site file.

    Args:
        site_file: The site file.
    """

    def __init__(self, site_file: Path) -> None:
        self._site_file = site_file
        self.folder = site_file.parent / FOLDER

    def state(self) -> PushState:
        """Which push holds.

        Raises:
            BadInput: It cannot be read: nothing is pushed then, for it might be an old one.
        """
        place = self.folder / _STATE
        try:
            state = msgspec.json.decode(read_bounded(place, _LARGEST), type=PushState)
        except FileNotFoundError:
            return PushState()
        except (OSError, ValueError) as error:
            why = reason_of(error) if isinstance(error, OSError) else "it is damaged"
            raise BadInput(
                f"{shown_path(place)} cannot be read ({why})",
                "restore it, or delete it: then an older push may be taken again",
            ) from None
        if state.before and state.before == digest_of(self._site_file):
            return PushState(state.kept or 0, None, state.highest)
        return state

    def place_of(self, serial: int) -> Path:
        """The folder of a push."""
        return self.folder / str(serial)

    def incoming(self, serial: int) -> Path:
        """An empty folder for what arrives; what is left of another that was cut off goes.

        Raises:
            OSError: It cannot be made.
        """
        make_private_folder(self.folder)
        for left in self.folder.glob(f"{_INCOMING}*"):
            shutil.rmtree(left, ignore_errors=True)
        place = self.folder / f"{_INCOMING}{serial}"
        place.mkdir(mode=0o700)
        return place

    def keep(self, serial: int, text: str, kept_serial: int) -> None:
        """Keep the site file that is about to be replaced; before it is.

        Args:
            serial: Of what is to hold from then on.
            text: Of the site file so far.
            kept_serial: Of what held so far.

        Raises:
            OSError: It cannot be written.
        """
        make_private_folder(self.folder)
        highest = max(self.state().highest, serial)
        write_whole(self.folder / _KEPT, text.encode(), PRIVATE)
        before = hashlib.sha256(text.encode()).hexdigest()
        state = PushState(serial, kept_serial, highest, before)
        write_whole(self.folder / _STATE, msgspec.json.encode(state), PRIVATE)

    @contextmanager
    def unchanged_on_error(self) -> Iterator[None]:
        """What is kept is as it was before where the block fails."""
        before = {place: _content(place) for place in (self.folder / _KEPT, self.folder / _STATE)}
        try:
            yield
        except BaseException:
            for place, content in before.items():
                if content is None:
                    place.unlink(missing_ok=True)
                else:
                    write_whole(place, content, PRIVATE)
            raise

    def note(self, serial: int, outcome: str, by: str, code: str = "") -> None:
        """Write down what became of a push; a long file is begun anew, and one before it stays.

        Args:
            serial: Of the push.
            outcome: What became of it.
            by: Whose it was.
            code: Kind of the error, if there was one.
        """
        line = {"time": time.time(), "serial": serial, "outcome": outcome, "by": by, "code": code}
        place = self.folder / _HISTORY
        try:
            if place.exists() and place.stat().st_size > _LARGEST:
                place.replace(place.with_name(f"{_HISTORY}.1"))
            make_private_file(place)
            with place.open("ab") as file:
                file.write(msgspec.json.encode(line) + b"\n")
        except OSError as error:
            _log.warning("%s cannot be written (%s)", shown_path(place), error.strerror)

    def kept_text(self) -> str:
        """The site file that a roll-back takes.

        Raises:
            BadInput: None is kept, or it cannot be read.
        """
        if self.state().kept is None:
            raise BadInput(
                f"nothing is kept beside {shown_path(self._site_file)} that could be taken",
                "scenes are kept when a push takes their place: edge-vad site push",
            )
        try:
            return read_text(self.folder / _KEPT, _LARGEST)
        except (OSError, ValueError) as error:
            raise BadInput(
                f"{shown_path(self.folder / _KEPT)} cannot be read ({reason_of(error)})",
                "restore it, or change the site file by hand",
            ) from None

    def prune(self) -> None:
        """Delete the scenes of pushes that neither the site file nor the kept one names."""
        try:
            texts = [read_text(self._site_file, _LARGEST)]
            if self.state().kept is not None:
                texts.append(self.kept_text())
            used = {name for text in texts for name in _releases_in(decode_site(text))}
            found = [each for each in self.folder.iterdir() if _RELEASE.fullmatch(each.name)]
            for each in found:
                if each.name not in used and not each.is_symlink():
                    shutil.rmtree(each)
        except (OSError, BadInput) as error:
            _log.warning("old pushes stay: %s", error)


def _content(file: Path) -> bytes | None:
    try:
        return read_bounded(file, _LARGEST)
    except FileNotFoundError:
        return None


def _releases_in(site: SiteSettings) -> set[str]:
    """The pushes that cameras show scenes of."""
    parts = (PurePosixPath(camera.scene).parts for camera in site.cameras)
    return {each[1] for each in parts if len(each) == 3 and each[0] == FOLDER}


def digest_of(file: Path) -> str:
    """SHA-256 of a file, hexadecimal; empty where it cannot be read."""
    try:
        with file.open("rb") as content:
            return hashlib.sha256(content.read()).hexdigest()
    except OSError:
        return ""
