"""What a box keeps of pushes, beside its site file: scenes by number, and the site file before.

The folder `pushed` holds a folder for each push whose scenes a camera shows or would show after a
roll-back, the site file before the push that holds, named by its digest, `state.json` and
`history.jsonl`. The site file names scenes by their place in there, so writing it anew, which is
done at once and whole, is what takes a push over: whenever the power fails, what is kept is what
held before.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

from edge_vad.errors import BadInput
from edge_vad.files.atomic import (
    PRIVATE,
    make_private_file,
    make_private_folder,
    write_whole,
)
from edge_vad.files.bounded import read_bounded, read_text, reason_of
from edge_vad.site.reading import decode_site, read_document
from edge_vad.site.settings import SiteSettings
from edge_vad.untrusted import shown_path

FOLDER = "pushed"
REQUEST = "rollback.request"
"""File by which a run is asked to roll back."""
_STATE, _HISTORY = "state.json", "history.jsonl"
_KEPT = re.compile(r"kept-[0-9a-f]{64}\.toml")
_INCOMING = ".incoming-"
_RELEASE = re.compile(r"[1-9][0-9]{0,15}")
_LARGEST = 1_000_000
_log = logging.getLogger(__name__)


class KeptSite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A site file that is kept.

    Attributes:
        serial: Of the push that held by it; 0 where none did.
        sha256: Of its text.
    """

    serial: int
    sha256: str

    @property
    def file(self) -> str:
        """Its name in the folder of pushes."""
        return f"kept-{self.sha256}.toml"


class PushState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which push holds.

    Attributes:
        serial: Of the push that holds; 0 where none does.
        kept: What a roll-back takes; None where there is nothing. Where it still is the site file,
            it never was replaced.
        highest: The largest serial that ever held: no other of so small a number is taken.
        earlier: What was kept before that.
        site_file: Name of the site file that all of it is of.
    """

    serial: int = 0
    kept: KeptSite | None = None
    highest: int = 0
    earlier: KeptSite | None = None
    site_file: str = ""

    @property
    def kept_serial(self) -> int | None:
        """Serial of what is kept; None where nothing is."""
        return None if self.kept is None else self.kept.serial


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
            BadInput: It cannot be read, or is of another site file: nothing is pushed then, for it
                might be an old one.
        """
        state = self._read_state()
        if state.kept and state.kept.sha256 == self._digest_of_site():
            earlier = state.earlier
            kept = earlier if earlier and (self.folder / earlier.file).is_file() else None
            return replace(state, serial=state.kept.serial, kept=kept, earlier=None)
        return state

    def _read_state(self) -> PushState:
        place, name = self.folder / _STATE, self._site_file.name
        try:
            state = msgspec.json.decode(read_bounded(place, _LARGEST), type=PushState)
        except FileNotFoundError:
            return PushState(site_file=name)
        except (OSError, ValueError) as error:
            why = reason_of(error) if isinstance(error, OSError) else "damaged, or too old"
            raise BadInput(
                f"{shown_path(place)} cannot be read ({why})",
                "restore it, or delete it: then an older push may be taken again",
            ) from None
        if state.site_file != name:
            raise BadInput(
                f"the pushes in {shown_path(self.folder)} are of {shown_path(state.site_file)}",
                "give that file its name back, or keep each site file in a folder of its own",
            )
        return state

    def _digest_of_site(self) -> str:
        try:
            return _digest(read_document(self._site_file))
        except BadInput:
            return ""

    def place_of(self, serial: int) -> Path:
        """The folder of a push."""
        return self.folder / str(serial)

    def incoming(self, serial: int) -> Path:
        """An empty folder for what arrives; what is left of another that was cut off goes.

        Raises:
            OSError: It cannot be made.
        """
        make_private_folder(self.folder)
        self._clear_incoming()
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
        state, kept = self.state(), KeptSite(kept_serial, _digest(text))
        write_whole(self.folder / kept.file, text.encode(), PRIVATE)
        self._write(replace(state, serial=serial, kept=kept, earlier=state.kept))

    def hold(self, serial: int) -> None:
        """Let a push hold that changes nothing: what is older is not taken any more.

        Raises:
            BadInput: As for `state`.
            OSError: It cannot be written.
        """
        make_private_folder(self.folder)
        self._write(replace(self.state(), serial=serial))

    def _write(self, state: PushState) -> None:
        state = replace(state, highest=max(state.highest, state.serial))
        write_whole(self.folder / _STATE, msgspec.json.encode(state), PRIVATE)

    @contextmanager
    def unchanged_on_error(self) -> Iterator[None]:
        """What is kept is as it was before where the block fails."""
        place = self.folder / _STATE
        before = _content(place)
        try:
            yield
        except BaseException:
            if before is None:
                place.unlink(missing_ok=True)
            else:
                write_whole(place, before, PRIVATE)
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
        kept = self.state().kept
        if kept is None:
            raise BadInput(
                f"nothing is kept beside {shown_path(self._site_file)} that could be taken",
                "scenes are kept when a push takes their place: edge-vad site push",
            )
        try:
            text = read_text(self.folder / kept.file, _LARGEST)
        except (OSError, ValueError) as error:
            raise self._unkept(kept, reason_of(error)) from None
        if _digest(text) != kept.sha256:
            raise self._unkept(kept, "it was changed")
        return text

    def _unkept(self, kept: KeptSite, why: str) -> BadInput:
        return BadInput(
            f"{shown_path(self.folder / kept.file)} cannot be taken ({why})",
            "restore it, or change the site file by hand",
        )

    def tidy(self) -> None:
        """Delete what nobody needs, at the start of a run: also what a restart cut off."""
        with suppress(OSError):  # whoever asked the run before waits no more
            (self.folder / REQUEST).unlink()
        self._clear_incoming()
        self._settle()
        self.prune()

    def _settle(self) -> None:
        """Write down which push holds where a power cut left it open.

        Only as long as the site file is as it was then can it be told, and people change that.
        """
        with suppress(OSError, BadInput):  # a broken one is told with what is pruned
            state = self.state()
            if state != self._read_state():
                self._write(state)

    def _clear_incoming(self) -> None:
        for left in self.folder.glob(f"{_INCOMING}*"):
            shutil.rmtree(left, ignore_errors=True)

    def prune(self) -> None:
        """Delete what is kept for no roll-back, and scenes that neither site file names."""
        try:
            texts, kept = [read_text(self._site_file, _LARGEST)], self.state().kept
            if kept is not None:
                texts.append(self.kept_text())
            used = {name for text in texts for name in self._releases_in(decode_site(text))}
            for each in self.folder.iterdir():
                if _KEPT.fullmatch(each.name) and not (kept and each.name == kept.file):
                    each.unlink()
                elif _RELEASE.fullmatch(each.name) and not (each.name in used or each.is_symlink()):
                    shutil.rmtree(each)
        except (OSError, RuntimeError, BadInput) as error:  # links may lead in a circle
            _log.warning("old pushes stay: %s", error)

    def _releases_in(self, site: SiteSettings) -> Iterator[str]:
        """The pushes that cameras show scenes of, however their paths are written."""
        folder = self.folder.resolve()
        for camera in site.cameras:
            scene = (self._site_file.parent / camera.scene).resolve()
            if scene.is_relative_to(folder):
                yield from scene.relative_to(folder).parts[:1]


def _content(file: Path) -> bytes | None:
    try:
        return read_bounded(file, _LARGEST)
    except FileNotFoundError:
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(file: Path) -> str:
    """SHA-256 of a file, hexadecimal; empty where it cannot be read."""
    try:
        with file.open("rb") as content:
            return hashlib.sha256(content.read()).hexdigest()
    except OSError:
        return ""
