"""A folder of outputs that is filled all at once or not at all."""

from __future__ import annotations

import errno
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from edge_vad.errors import BadInput, EdgeVadError

INTERRUPTED = "interrupted"
"""Folder, inside the destination, of what a broken run had written."""

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class OutputFolder:
    """Collects a run's files in a hidden staging folder and moves them into place at the end.

    Until then earlier outputs in the destination stay whole. When the run breaks, what it had
    written goes to `interrupted/` in the destination instead, and takes the place of an older one.
    A folder in it takes the place of an earlier one of its name. Files must be closed before it is
    left.

    Args:
        path: The destination; made when it is missing, its parents too.

    Attributes:
        path: The destination.
        staging: Where to write.
        interrupted: Where the files of a broken run are; None unless it broke and left some.

    Raises:
        BadInput: Nothing can be written there; told before any work is done.

    Example:
        >>> with OutputFolder(Path("watched")) as out:                 # doctest: +SKIP
        ...     (out.staging / "scores.jsonl").write_text("...")
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.staging = path / f".partial-{secrets.token_hex(4)}"
        self.interrupted: Path | None = None
        self._made: list[Path] = []
        try:
            self._make(path)
            self.staging.mkdir()
        except OSError as error:
            self._remove_made()
            raise BadInput(
                f"cannot write into the folder {path} ({error.strerror})",
                "choose another folder with --out, or make this one writable",
            ) from None

    def __enter__(self) -> OutputFolder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._move_into_place()
            return
        self._keep_interrupted()
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            raise EdgeVadError(
                f"no space is left for the outputs in {self.path} ({error.strerror})",
                "free some space, or choose another folder with --out",
            ) from error

    def _make(self, folder: Path) -> None:
        """Make a folder and its parents, and remember which were not there."""
        if not folder.is_dir():
            if folder.parent != folder:
                self._make(folder.parent)
            folder.mkdir()
            self._made.append(folder)

    def _remove_made(self) -> None:
        for folder in reversed(self._made):
            with suppress(OSError):
                folder.rmdir()

    def _move_into_place(self) -> None:
        try:
            for file in sorted(self.staging.iterdir()):
                target = self.path / file.name
                if file.is_dir() and target.is_dir() and not target.is_symlink():
                    shutil.rmtree(target)  # a folder only takes the place of an empty one
                file.replace(target)
            self.staging.rmdir()
        except OSError as error:
            raise EdgeVadError(
                f"cannot move {error.filename} into place ({error.strerror})",
                f"the finished outputs are in {self.staging}",
            ) from error

    def _keep_interrupted(self) -> None:
        if not any(file.stat().st_size for file in self.staging.iterdir()):
            shutil.rmtree(self.staging, ignore_errors=True)
            self._remove_made()
            return
        kept = self.path / INTERRUPTED
        try:
            shutil.rmtree(kept, ignore_errors=True)
            self.staging.rename(kept)
        except OSError:
            kept = self.staging
        self.interrupted = kept
