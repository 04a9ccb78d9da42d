"""Reads passwords and keys from where the configuration says they are."""

from __future__ import annotations

import os
from pathlib import Path

from edge_vad.errors import BadInput

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
        with path.open("rb") as file:
            text = file.read(_LONGEST).decode("utf-8-sig").strip("\r\n")
    except OSError as error:
        raise BadInput(
            f"the secret in {path} cannot be read ({error.strerror})",
            "make the file readable for this user",
        ) from None
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise BadInput(f"{path} holds no secret", "write it into the file, as plain text")
    return text
