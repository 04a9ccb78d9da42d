"""What a live camera can be up to, in words that every sink shows."""

from __future__ import annotations

from enum import Enum


class CameraState(str, Enum):
    """Whether a camera can be relied on; only while it is `live` are its frames scored.

    Attributes:
        CONNECTING: Not a frame has come yet.
        LIVE: Frames come, and they show the scene.
        NO_SIGNAL: It was there and is gone, or never answered; it is being tried again.
        FROZEN: Frames come, but all of one picture.
        COVERED: The scene cannot be seen: something is before the lens, or it is out of focus.
        MOVED: A scene is seen, but another one: the camera was turned.
        SERVER_AWAY: Frames come, and the server that is to score them does not answer.
        ENDED: A recording has come to its end, or the camera was stopped.
    """

    CONNECTING = "connecting"
    LIVE = "live"
    NO_SIGNAL = "no signal"
    FROZEN = "frozen"
    COVERED = "covered"
    MOVED = "moved"
    SERVER_AWAY = "server away"
    ENDED = "ended"

    def __str__(self) -> str:
        return self.value
