"""Names of cameras as they may stand in topics and file names."""

from __future__ import annotations

import re
from collections.abc import Sequence

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def slugs(cameras: Sequence[str]) -> dict[str, str]:
    """Names without the characters that mean something elsewhere; none twice.

    Example:
        >>> slugs(["gate", "back yard", "back/yard"])
        {'gate': 'gate', 'back yard': 'back_yard', 'back/yard': 'back_yard_2'}
    """
    found: dict[str, str] = {}
    for camera in cameras:
        slug = base = _UNSAFE.sub("_", camera) or "_"
        number = 2
        while slug in found.values():
            slug, number = f"{base}_{number}", number + 1
        found[camera] = slug
    return found
