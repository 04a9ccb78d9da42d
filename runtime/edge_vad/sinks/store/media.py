"""Where the picture and the clip of an event lie; their names follow from the event's."""

from __future__ import annotations

import re
import time
from pathlib import Path

MEDIA = "media"
SNAPSHOT = ".jpg"
CLIPS = (".webm", ".mp4")
PARTIAL = ".partial"
"""Ends the stem of a clip that is not whole yet."""
EVENT_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_ID = re.compile(EVENT_ID)


def is_event_id(text: str) -> bool:
    """Whether this may be an event's id; nothing else may become part of a path."""
    return _ID.fullmatch(text) is not None


def first_id(at: float) -> str:
    """The least that the id of an event may be that began then, or later.

    Args:
        at: Seconds since 1970; before that, and beyond what an id can say, is as good as that.

    Example:
        >>> first_id(1e9)
        '00e8d4a5-1000'
    """
    milliseconds = f"{int(min(max(0.0, at * 1000), (1 << 48) - 1)):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}"


def stem(event_id: str) -> Path:
    """An event's files, without their endings, relative to the store's folder.

    Example:
        >>> stem("00e8d4a5-1000-7000-8000-000000000000").as_posix()
        'media/2001-09-09/00e8d4a5-1000-7000-8000-000000000000'
    """
    milliseconds = int(event_id[:8] + event_id[9:13], 16)
    # A clock that is far off gives a year that the calendar does not have.
    day = time.strftime("%Y-%m-%d", time.gmtime(min(milliseconds / 1000, 253_402_300_799)))
    return Path(MEDIA, day, event_id)


def snapshot_of(folder: Path, event_id: str) -> Path | None:
    """An event's picture, relative to the store's folder, if it is there."""
    return _existing(folder, event_id, (SNAPSHOT,))


def clip_of(folder: Path, event_id: str) -> Path | None:
    """An event's clip, relative to the store's folder, if it is there."""
    return _existing(folder, event_id, CLIPS)


def _existing(folder: Path, event_id: str, endings: tuple[str, ...]) -> Path | None:
    if not is_event_id(event_id):
        return None
    path = stem(event_id)
    candidates = (path.with_name(path.name + ending) for ending in endings)
    return next((each for each in candidates if (folder / each).is_file()), None)
