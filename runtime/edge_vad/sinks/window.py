"""Windows that show the cameras, and keys that command them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence

from edge_vad.detection import Detection
from edge_vad.errors import Unavailable
from edge_vad.events import WatchedCamera
from edge_vad.opencv import cv2
from edge_vad.outputs.overlay import Overlay
from edge_vad.scene_model import SceneCard
from edge_vad.sinks.base import Sink, SinkHealth, Site
from edge_vad.sinks.threads.frame_handoff import FrameHandoff

_FPS = 30.0
_KEYS_EVERY_S = 0.05
"""Also while no frame comes."""
_LEAST, _MOST = 1e-6, 1e6
_GUI = re.compile(r"^\s*GUI:\s*(\S+)", re.MULTILINE)
_TITLE = "edge-vad"


class Windows(Sink):
    """A window for every camera.

    Keys, in any of them, for all cameras: space pauses, `+` and `-` double and halve the accepted
    false alarms, `q` and Escape quit.

    Args:
        site: Whose cameras they are, and who is commanded.

    Raises:
        Unavailable: This OpenCV has no windows, or there is no display.
    """

    name = "window"

    def __init__(self, site: Site) -> None:
        check_display(cv2.getBuildInformation(), os.environ)
        self._site = site
        self._cards: dict[str, SceneCard] = {}
        self.watch(site.cameras)
        self._overlays: dict[tuple[str, int, int], Overlay] = {}
        self._paused = False
        # All calls of OpenCV's windows come from this one thread.
        self._handoff = FrameHandoff[None](
            "window",
            self._show,
            lambda _: None,
            _FPS,
            self._read_key,
            cv2.destroyAllWindows,
            tick_s=_KEYS_EVERY_S,
        )

    def watch(self, cameras: Sequence[WatchedCamera]) -> None:
        """Show these, too; the last picture of one that is gone stays."""
        self._cards |= {camera.name: camera.card for camera in cameras}

    def frame(self, camera: str, detection: Detection) -> None:
        """Show the frame."""
        self._handoff.put(camera, detection)

    def health(self) -> SinkHealth:
        """Frames that come faster than they can be shown are no fault."""
        return SinkHealth(depth=self._handoff.depth)

    def close(self, timeout_s: float) -> None:
        """Close the windows."""
        self._handoff.close(timeout_s)

    def handle_key(self, key: int) -> None:
        """Do what a key asks for; anything else is ignored.

        Args:
            key: As OpenCV gives it; -1 for none.
        """
        letter = chr(key & 0xFF) if key >= 0 else ""
        if letter in ("q", "\x1b"):
            self._site.stop()
        elif letter == " ":
            self._paused = not self._paused
            self._site.pause(self._paused)
        elif letter in ("+", "-", "="):
            self._change(0.5 if letter == "-" else 2.0)

    def _show(self, camera: str, detection: Detection) -> None:
        rows, columns = detection.frame.image.shape[:2]
        overlay = self._overlays.get((camera, rows, columns))
        if overlay is None:
            overlay = Overlay(self._cards[camera], columns, rows)
            self._overlays[camera, rows, columns] = overlay
            cv2.namedWindow(f"{_TITLE}: {camera}", cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        cv2.imshow(f"{_TITLE}: {camera}", overlay.draw(detection))

    def _read_key(self) -> None:
        if self._overlays:
            self.handle_key(cv2.waitKey(1))

    def _change(self, factor: float) -> None:
        for camera in [each.name for each in self._site.cameras]:
            self._site.accept(camera, scaled_rate(self._site.false_alarms(camera), factor))


def scaled_rate(false_alarms: str, factor: float) -> str:
    """A rate of false alarms, so many times as often.

    Example:
        >>> scaled_rate("1/day", 2.0), scaled_rate("0.5/hour", 0.5)
        ('2/day', '0.25/hour')
    """
    number, _, unit = false_alarms.partition("/")
    scaled = min(_MOST, max(_LEAST, float(number) * factor))
    return f"{scaled:.6f}".rstrip("0").rstrip(".") + f"/{unit.strip()}"


def check_display(build_information: str, environment: Mapping[str, str]) -> None:
    """Check that windows can be opened.

    Args:
        build_information: What OpenCV says of itself.
        environment: Variables that name a display.

    Raises:
        Unavailable: They cannot.
    """
    gui = _GUI.search(build_information)
    if gui is not None and gui[1] == "NONE":
        raise Unavailable(
            "this OpenCV has no windows",
            "pip uninstall opencv-python-headless and pip install 'edge-vad[gui]', or leave out "
            "--display",
        )
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & {
        name for name, value in environment.items() if value
    }:
        raise Unavailable(
            "there is no display",
            "run it in a graphical session, or leave out --display",
        )
