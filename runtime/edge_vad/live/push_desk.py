"""Takes scenes that are rolled out to a running site: looks, tries, takes over, or refuses."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from edge_vad.errors import BadInput, EdgeVadError
from edge_vad.files.owner import Owner
from edge_vad.live.running_site import RunningSite
from edge_vad.push.incoming import IncomingFiles, demand_room
from edge_vad.push.keys import KnownKey, read_known, signer_of
from edge_vad.push.manifest import SITE_FILE, PushedFile, decode_manifest, demand_timely
from edge_vad.push.releases import Releases
from edge_vad.push.roll_back import RollbackRequests
from edge_vad.push.site_change import demand_shown, missing_files, rewritten
from edge_vad.push.trial import Trial
from edge_vad.sinks.pushes import (
    IncompletePush,
    LatestPush,
    PushBusy,
    PushRefused,
    PushStatus,
    Stage,
    Upload,
    WantedFiles,
)
from edge_vad.site.reading import read_document
from edge_vad.site.settings import PushSettings, SiteSettings
from edge_vad.untrusted import shown_path

_OFFERED_S = 60.0
_UPLOAD_S = 3600.0
_HELD = ("checking", "taking over")
_log = logging.getLogger(__name__)


class _Offer(NamedTuple):
    """A push that may be uploaded."""

    serial: int
    files: tuple[PushedFile, ...]
    until: float


def desk_of(
    path: Path, site: SiteSettings, running: RunningSite, undo: ExitStack
) -> RunningPushDesk | None:
    """Who takes pushes for a run; None where its site file allows none.

    Args:
        path: The site file.
        site: What it says.
        running: Changes what is watched.
        undo: Ends it again.

    Raises:
        BadInput: There are no keys, or no token by which somebody could push.
        Unavailable: Signatures cannot be checked here.
    """
    if site.push is None:
        return None
    page = site.sinks.page
    if page is None or not (page.deploy_token_env or page.deploy_token_file):
        raise BadInput(
            f"[push] of {shown_path(path)} allows pushes, and there is no token to push by",
            "add deploy_token_file to [sinks.page], or take [push] out",
        )
    known = read_known(path.parent / site.push.keys_file)
    desk = RunningPushDesk(path, site.push, known, running)
    undo.callback(desk.close)
    return desk


class RunningPushDesk:
    """Implements `edge_vad.sinks.pushes.PushDesk` for the site file of a run.

    Args:
        path: The site file.
        settings: Who may push, and what.
        known: Their keys.
        running: Changes what is watched.

    Raises:
        BadInput: Another run has the folder of pushes, or it cannot be written into.
    """

    def __init__(
        self, path: Path, settings: PushSettings, known: list[KnownKey], running: RunningSite
    ) -> None:
        self._folder, self._settings, self._known = path.parent, settings, known
        self._running, self._releases = running, Releases(path)
        self._owner = Owner(self._releases.folder)
        self._trial = Trial(settings.selftest_s)
        self._turn = threading.RLock()
        self._offered: _Offer | None = None
        self._latest: LatestPush | None = None
        self._releases.tidy()
        self._requests = RollbackRequests(self._releases.folder, self._roll_back)

    def close(self) -> None:
        """End what is under way; nothing is taken over any more."""
        self._requests.close()
        self._trial.stop()
        self._owner.close()

    def status(self) -> PushStatus:
        """What this machine watches by."""
        state = self._releases.state()
        return PushStatus(self._settings.site, state.serial, state.kept_serial, self._latest)

    def offer(self, manifest: bytes, signature: bytes) -> WantedFiles:
        """Look at what is offered; whether it may be uploaded."""
        key = signer_of(manifest, signature, self._known)
        said = decode_manifest(manifest)
        with self._turn:
            self._demand_idle()
            most = self._settings.max_size_mb * 1_000_000
            demand_timely(said, self._settings.site, self._releases.state().highest, most)
            demand_shown(said, self._running.site)
            files = missing_files(said, self._running.site, self._folder)
            size = sum(file.size for file in files)
            demand_room(self._folder, size)
            self._offered = _Offer(said.serial, files, time.monotonic() + _OFFERED_S)
            self._latest = LatestPush(said.serial, "receiving", key)
        _log.info("push %d by %s: %d files are to come", said.serial, key, len(files))
        return WantedFiles(said.serial, tuple(file.name for file in files), size)

    def upload(self, serial: int) -> Upload:
        """Take the files of a push that was offered."""
        with self._turn:
            offer = self._offered
            if offer is None or offer.serial != serial or time.monotonic() > offer.until:
                raise PushRefused("no such push was offered, or too long ago", "push again")
            self._offered = None
            with self._told():
                return _Upload(offer.files, self._releases.incoming(serial), self._ended)

    def _demand_idle(self) -> None:
        stage, offer = self._latest.stage if self._latest else "refused", self._offered
        waits = offer is None or time.monotonic() < offer.until
        if stage in _HELD or (stage == "receiving" and waits):
            raise PushBusy("another push is under way", "wait until it has ended, and push again")

    def _ended(self, upload: _Upload, error: EdgeVadError | None) -> None:
        """An upload is over; what follows takes longer than who uploads waits for."""
        if error:
            shutil.rmtree(upload.folder, ignore_errors=True)
            self._refuse(error)
            return
        self._stage("checking")
        threading.Thread(target=self._take_over, args=(upload,), name="push", daemon=True).start()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong within is told to who asks, and in the log."""
        try:
            yield
        except EdgeVadError as error:
            self._refuse(error)
            raise
        except BaseException:
            _log.exception("a push failed")
            self._refuse(PushRefused("the push failed on the box", "see the box's log"))
            raise

    def _refuse(self, error: EdgeVadError) -> None:
        latest = self._latest
        assert latest  # noqa: S101 - it was offered
        stage: Stage = "rolled back" if latest.cameras else "refused"
        said = {"error": error.what, "todo": error.todo, "code": error.code}
        self._latest = replace(latest, stage=stage, **said)
        _log.warning("push %d %s: %s", latest.serial, stage, error.what)
        self._releases.note(latest.serial, stage, latest.key, error.code)

    def _take_over(self, upload: _Upload) -> None:
        with suppress(EdgeVadError, OSError), self._told():  # they are told
            try:
                self._trial.run([upload.folder / name for name in upload.scenes])
                if upload.files:
                    self._switch(upload)
                else:
                    self._releases.hold(self._stage("taking over").serial)
            finally:  # before it is over, and another may come
                shutil.rmtree(upload.folder, ignore_errors=True)
                self._releases.prune()
            latest = self._stage("taken over")
            self._releases.note(latest.serial, latest.stage, latest.key)
            _log.info("push %d was taken over", latest.serial)

    def _switch(self, upload: _Upload) -> None:
        """Write the site file that names the new scenes, and watch by it."""
        serial, names = self._stage("taking over").serial, frozenset(upload.scenes)
        place = self._releases.place_of(serial)
        shutil.rmtree(place, ignore_errors=True)
        upload.folder.replace(place)
        site_file = place / SITE_FILE
        pushed = read_document(site_file) if site_file.exists() else None
        self._rewrite(lambda text: rewritten(text, serial, names, pushed), serial)

    def _rewrite(self, rewrite: Callable[[str], str], serial: int) -> None:
        """Write the site file anew, keep the one before, and watch by it."""
        releases, before = self._releases, self._releases.state().serial
        with releases.unchanged_on_error():
            keep = lambda text: releases.keep(serial, text, before)  # noqa: E731
            self._running.rewrite(rewrite, keep, self._count)

    def _roll_back(self) -> None:
        """Take what is kept."""
        with self._turn:
            self._demand_idle()
            before, text = self._releases.state(), self._releases.kept_text()
            serial = before.kept_serial or 0
            self._rewrite(lambda _: text, serial)
        _log.warning("push %d was rolled back to %d", before.serial, serial)
        self._releases.note(serial, "rolled back", "edge-vad site rollback")

    def _stage(self, stage: Stage) -> LatestPush:
        assert self._latest  # noqa: S101 - it was offered
        self._latest = replace(self._latest, stage=stage)
        return self._latest

    def _count(self, done: int, cameras: int) -> None:
        if self._latest and self._latest.stage == "taking over":
            self._latest = replace(self._latest, done=done, cameras=cameras)


class _Upload:
    """Files of a push that arrive; implements `edge_vad.sinks.pushes.Upload`.

    Args:
        files: What is to come.
        folder: Where it goes.
        ended: Told of the end: by an error, or not.
    """

    def __init__(
        self,
        files: Sequence[PushedFile],
        folder: Path,
        ended: Callable[[_Upload, EdgeVadError | None], None],
    ) -> None:
        self.files, self.folder, self._ended = files, folder, ended
        self._incoming = IncomingFiles(folder, files)
        self._until, self._is_over = time.monotonic() + _UPLOAD_S, False

    @property
    def size(self) -> int:
        """Bytes that are to come."""
        return sum(file.size for file in self.files)

    @property
    def scenes(self) -> list[str]:
        """Names of the scene models among them."""
        return [file.name for file in self.files if file.name != SITE_FILE]

    def take(self, chunk: bytes) -> None:
        """Take the next bytes, whatever files they are of."""
        with self._over_on_error():
            if time.monotonic() > self._until:
                raise IncompletePush("the upload takes too long", "push fewer scenes at a time")
            self._incoming.take(chunk)

    def finish(self) -> None:
        """All has come; it is checked now, and taken over, in a thread of its own."""
        with self._over_on_error():
            self._incoming.finish()
        self._is_over = True
        self._ended(self, None)

    def close(self) -> None:
        """Delete what is unfinished."""
        self._end(IncompletePush("the upload was cut off", "push again"))

    @contextmanager
    def _over_on_error(self) -> Iterator[None]:
        try:
            yield
        except EdgeVadError as error:
            self._end(error)
            raise
        except OSError as error:
            why = error.strerror or type(error).__name__
            refused = PushRefused(f"the box cannot store the push ({why})", "see the box's disk")
            self._end(refused)
            raise refused from None

    def _end(self, error: EdgeVadError) -> None:
        self._incoming.close()
        if not self._is_over:
            self._is_over = True
            self._ended(self, error)
