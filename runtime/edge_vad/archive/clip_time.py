"""When a recording was begun, by its name."""

from __future__ import annotations

import re
from datetime import datetime, timezone

_TIME = re.compile(
    r"(?<!\d)(\d{4})[-_]?(\d\d)[-_]?(\d\d)[-_T ]?(\d\d)[-_:]?(\d\d)[-_:]?(\d\d)(?:\.(\d{3}))?(?!\d)"
)


def begun_at(name: str) -> float | None:
    """When a recording was begun, s since 1970; None where its name does not tell.

    The times in names are taken for UTC, as `edge-vad record` writes them. Before 1970 there are
    none: such digits are something else.

    Args:
        name: Of the source, without its ending.

    Example:
        >>> begun_at("gate_2026-05-01_09-30-00.250Z"), begun_at("20260501T093000"), begun_at("gate")
        (1777627800.25, 1777627800.0, None)
    """
    match = _TIME.search(name)
    if not match:
        return None
    *parts, thousandths = (int(each or 0) for each in match.groups())
    try:
        when = datetime(*parts, thousandths * 1000, tzinfo=timezone.utc)  # type: ignore[arg-type,misc]
    except ValueError:
        return None
    return seconds if (seconds := when.timestamp()) >= 0 else None
