"""The result of a clip, beside its scores."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge_vad.archive.clip_scores import ClipSummary
from edge_vad.archive.layout import RESULT
from edge_vad.errors import BadInput
from edge_vad.events import LiveEvent
from edge_vad.files.bounded import read_bounded
from edge_vad.sinks.store.media import is_event_id
from edge_vad.untrusted import shorten

_LARGEST_BYTES = 2**28


class ClipEvent(msgspec.Struct, frozen=True):
    """An event of a clip.

    Attributes:
        number: Counted from 1 in the clip.
        start_index: First frame.
        end_index: Last frame.
        event: As the store has it.
    """

    number: int
    start_index: int
    end_index: int
    event: LiveEvent


class ClipResult(msgspec.Struct, frozen=True):
    """What came of a clip; says nothing of when, where and how fast.

    Attributes:
        key: See `edge_vad.archive.plan.ArchiveClip`.
        camera: Name of the camera.
        begun_at: When it was begun, s since 1970; None where its name does not tell.
        scores: Figures of the whole clip.
        events: Its events.
        warning: What is to be known of the clip; empty where nothing is.
    """

    key: str
    camera: str
    begun_at: float | None
    scores: ClipSummary
    events: tuple[ClipEvent, ...]
    warning: str = ""


def encode_result(result: ClipResult) -> bytes:
    """A result as the document that `read_result` reads."""
    return msgspec.json.format(msgspec.json.encode(result))


def read_result(folder: Path) -> ClipResult:
    """Read the result of a clip.

    Raises:
        BadInput: It is broken, or of another clip, as in a copy of its folder.
    """
    path = folder / RESULT
    try:
        return _checked(
            msgspec.json.decode(read_bounded(path, _LARGEST_BYTES), type=ClipResult), folder.name
        )
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{path} is broken ({shorten(str(error))})",
            f"remove the folder {folder}: its clip is then scored again",
        ) from None


def _checked(result: ClipResult, name: str) -> ClipResult:
    """A result whose names lead to files of its own clip alone."""
    if result.scores.source != name:
        raise ValueError(f"it is the result of the clip {shorten(result.scores.source)}")
    if not all(is_event_id(each.event.id) for each in result.events):
        raise ValueError("an event in it has no id")
    return result
