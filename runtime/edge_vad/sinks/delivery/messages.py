"""Messages: as they are handed over, and as they wait."""

from __future__ import annotations

from typing import NamedTuple

from edge_vad.events import JournalPosition


class Message(NamedTuple):
    """A message that is to be sent, and tells of an event.

    Attributes:
        topic: What it is about.
        payload: What it says.
        event: The event's id.
        will: Topic and payload of the message to send should we be killed before the event's next
            one; None when the event has ended, or the journal sees to it.
        position: Where the change that it tells of stands in the journal.
    """

    topic: str
    payload: bytes
    event: str
    will: tuple[str, bytes] | None
    position: JournalPosition | None = None


class QueuedMessage(NamedTuple):
    """A message that waits.

    Attributes:
        seq: Later messages have higher numbers.
        message: What is to be sent. From disk, it comes without its will, which is there already.
    """

    seq: int
    message: Message
