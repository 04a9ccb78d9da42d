"""What a scene model is called on a server: its name, and the version that is its digest."""

from __future__ import annotations

import re
from pathlib import Path

from edge_vad.errors import WrongUse

MODEL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
"""What a server, and a folder on its disk, can call a model."""

_DIGITS = 15
"""Of the digest, hexadecimal: versions are whole numbers below 2 to the power of 63."""


def model_name(scene: Path) -> str:
    """What a scene is called on a server: like its file, without the ending.

    Raises:
        WrongUse: A server cannot call it so.
    """
    if not MODEL_NAME.fullmatch(scene.stem):
        raise WrongUse(
            f"a server cannot call a model {scene.stem!r}",
            "rename the scene model: letters, digits, dots, hyphens and underscores",
        )
    return scene.stem


def version_of(sha256: str) -> int:
    """The version under which a server has a scene model: the beginning of its digest.

    Every request names the version. So a server that has another scene of the same name can only
    refuse, whenever the two were exchanged.

    Args:
        sha256: Of the scene model, hexadecimal.
    """
    return int(sha256[:_DIGITS], 16) or 1
