"""A message that tries an address out."""

from __future__ import annotations

import threading
import time

import numpy as np

from edge_vad.errors import BadInput
from edge_vad.opencv import cv2
from edge_vad.outputs.drawing import RED, write_text
from edge_vad.sinks.delivery import NotDelivered
from edge_vad.sinks.notify.local_time import LocalTime
from edge_vad.sinks.notify.sink import open_client
from edge_vad.sinks.notify.text import Text
from edge_vad.sinks.notify_settings import NotifySettings

_WIDTH, _HEIGHT = 640, 360


def send_test_message(settings: NotifySettings) -> str:
    """Send a test message, whatever the limit and the quiet hours.

    Returns:
        Why it did not arrive; empty where it did.

    Raises:
        Unavailable: Apprise is not installed.
    """
    clock = LocalTime(settings).clock(time.time())
    lines = ["This is how an alarm arrives.", settings.link or ""]
    text = Text(f"edge-vad: a test at {clock}", "\n".join(filter(None, lines)))
    try:
        picture = _picture() if settings.picture else None
        open_client(settings).send(text, picture, threading.Event())
    except BadInput as error:
        return error.what
    except NotDelivered as error:
        return str(error)
    return ""


def _picture() -> bytes:
    image = np.full((_HEIGHT, _WIDTH, 3), 32, np.uint8)
    write_text(image, "edge-vad: a test", (_WIDTH / 2, _HEIGHT / 2), 24, RED, "centre")
    return cv2.imencode(".jpg", image)[1].tobytes()
