"""Reads passwords and keys from where the configuration says they are."""

from __future__ import annotations

import os
from pathlib import Path

from edge_vad.errors import BadInput
from edge_vad.files.bounded import read_text, reason_of
from edge_vad.untrusted import shown_path

_LONGEST = 65536


def read_secret(variable: str | None, file: str | None) -> str | None:
    """Read a secret from an environment variable or a file; None where neither is named.

    Raises:
        BadInput: It is not there, or no text.
    """
    if variable is not None:
        text = os.environ.get(variable, "")
        if not text:
            raise BadInput(
                f"the environment variable {variable} is not set",
                "set it, or take it out of the configuration",
            )
        return text
    return _from_file(Path(file)) if file is not None else None


def _from_file(path: Path) -> str:
    try:
        text = read_text(path, _LONGEST).strip("\r\n")
    except (OSError, ValueError) as error:
        raise BadInput(
            f"the secret in {shown_path(path)} cannot be read ({reason_of(error)})",
            "make it a plain file of text that this user may read",
        ) from None
    if not text:
        raise BadInput(
            f"{shown_path(path)} holds no secret", "write it into the file, as plain text"
        )
    return text
