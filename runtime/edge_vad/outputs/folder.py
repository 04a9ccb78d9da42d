"""A folder of outputs that is filled all at once or not at all."""

from __future__ import annotations

import errno
import secrets
import shutil
from pathlib import Path
from types import TracebackType

from edge_vad.errors import BadInput, EdgeVadError
from edge_vad.files.atomic import make_private_file
from edge_vad.files.owner import Owner

INTERRUPTED = "interrupted"
"""Folder, inside the destination, of what a broken run had written."""

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class OutputFolder:
    """Collects a run's files in a hidden staging folder and moves them into place at the end.

    They are for their owner alone, as footage is, and so is a folder that is made for them.

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
        BadInput: Nothing can be written there, or another run writes there; told before any work is
            done.

    Example:
        >>> with OutputFolder(Path("watched")) as out:                 # doctest: +SKIP
        ...     (out.staging / "scores.jsonl").write_text("...")
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.staging = path / f".partial-{secrets.token_hex(4)}"
        self.interrupted: Path | None = None
        self._owner = Owner(path)
        try:
            self.staging.mkdir(mode=0o700)
        except OSError as error:
            self._owner.close()
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
        try:
            if error is None:
                self._move_into_place()
                return
            self._keep_interrupted()
        finally:
            self._owner.close()
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            raise EdgeVadError(
                f"no space is left for the outputs in {self.path} ({error.strerror})",
                "free some space, or choose another folder with --out",
            ) from error

    def _move_into_place(self) -> None:
        try:
            for file in sorted(self.staging.iterdir()):
                _keep_to_owner(file)
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
            return
        kept = self.path / INTERRUPTED
        try:
            shutil.rmtree(kept, ignore_errors=True)
            self.staging.rename(kept)
        except OSError:
            kept = self.staging
        self.interrupted = kept


def _keep_to_owner(path: Path) -> None:
    """Make a file, or a folder and all in it, for its owner alone."""
    if not path.is_dir():
        make_private_file(path)
        return
    path.chmod(0o700)
    for each in path.iterdir():
        _keep_to_owner(each)
