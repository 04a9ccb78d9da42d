"""Secrets lie in files that nobody but their owner may read."""

from __future__ import annotations

from pathlib import Path
from stat import S_IMODE, S_ISREG

from edge_vad.errors import BadInput
from edge_vad.untrusted import shown_path


def demand_private(path: Path, what: str) -> None:
    """See to it that others cannot read a secret; a pipe, as of `<(pass show box)`, is nobody's.

    Args:
        path: The file; where there is none, who reads it says so.
        what: It holds, in words.

    Raises:
        BadInput: Others may read it.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if S_ISREG(mode) and S_IMODE(mode) & 0o077:
        raise BadInput(
            f"others may read {what} in {shown_path(path)}",
            "make another, in a file of mode 600: who has read this one knows it",
        )
