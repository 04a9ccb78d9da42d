"""A connection to a camera."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_vad.frame import Form
from edge_vad.sources.base import Decoded, Source

_LATEST_S = 1.0


class FeedLost(Exception):
    """No frame comes any more; the text says why, without secrets.

    Args:
        why: What is wrong.
        patience_s: Seconds to wait at least before the next try: some cameras lock out who asks
            too often.
    """

    def __init__(self, why: str, patience_s: float = 0.0) -> None:
        super().__init__(why)
        self.patience_s = patience_s


class FeedEnded(Exception):
    """There are no more frames, and none will come."""


class Feed(ABC):
    """One connection: read from until it is lost, then closed and opened anew.

    Attributes:
        fps: Frames a second as the camera declares it.
        is_fps_certain: Whether that is so; cameras are often wrong.
        breaks: How often the next frame did not follow the one before.
        skipped: Pictures that could not be decoded whole, and were left out.
        decoder: What decodes the pictures; empty where nothing has to.
    """

    fps: float
    is_fps_certain: bool = False
    breaks: int = 0
    skipped: int = 0
    decoder: str = ""

    @abstractmethod
    def grab(self) -> float | None:
        """Wait for the next frame, which is not converted yet.

        Returns:
            The source's own stamp, s; None where it gives none.

        Raises:
            FeedLost: It broke, or nothing came in time.
            FeedEnded: It is over.
        """

    @abstractmethod
    def retrieve(self, spare: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
        """Convert the frame that was grabbed last.

        Args:
            spare: An image that may be written into where it fits.

        Returns:
            uint8, (height, width, 3), blue-green-red; None of a recording's picture that cannot be
            read, and is left out.

        Raises:
            FeedLost: It cannot be converted.
        """

    def planes(self, form: Form) -> NDArray[np.uint8] | None:  # noqa: ARG002 - most have none
        """The frame that was grabbed last in NV12; None where that cannot be had.

        Args:
            form: Of it.

        Raises:
            BadInput: The camera's is of another form.
        """
        return None

    def read(self, spare: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """Wait for the next frame that can be read, and convert it; see `grab` and `retrieve`."""
        while True:
            self.grab()
            if (image := self.retrieve(spare)) is not None:
                return image

    def close(self) -> None:
        """Give back the device; called by the thread that reads."""


class Connect(Protocol):
    """Opens a connection."""

    def __call__(self) -> Feed:
        """Wait for the camera's answer.

        Raises:
            FeedLost: It does not answer.
            EdgeVadError: It never will: this machine lacks something, or a file is broken.
        """


class RealTime:
    """Holds up a recording, so that it comes like from a camera."""

    def __init__(self) -> None:
        self._due_s = time.monotonic()

    def wait(self, passed_s: float) -> None:
        """Wait until the next picture is due, which comes so long after the one before."""
        now = time.monotonic()
        self._due_s += passed_s
        if now > self._due_s + _LATEST_S:  # the machine slept: what is late need not be made up
            self._due_s = now
        time.sleep(max(0.0, self._due_s - now))


class ReplayFeed(Feed):
    """A recording or a simulated street in place of a camera.

    Args:
        source: What is played.
        paced: Whether frames come at the times that they carry; otherwise its pace is its own.
        loop: Whether it begins again at its end.
    """

    is_fps_certain = True

    def __init__(self, source: Source, *, paced: bool, loop: bool = False) -> None:
        self.fps = source.fps
        self._source, self._paced, self._loop = source, paced, loop
        self._pictures = source.decoded()
        self._picture: Decoded | None = None
        self._begun_s = 0.0
        self._pace = RealTime()

    def grab(self) -> float | None:
        """Wait for the next frame; see `Feed.grab`."""
        before, picture = self._picture, next(self._pictures, None)
        if picture is None:
            if not self._loop or before is None:
                raise FeedEnded
            self._begun_s += before.time_s + 1 / self.fps
            self._pictures, self._picture = self._source.decoded(), None
            self.breaks += 1
            return self.grab()
        if before is not None and picture.take != before.take:
            self.breaks += 1
        self._picture, self.skipped = picture, self._source.skipped
        if self._paced:
            self._pace.wait(1 / self.fps if before is None else picture.time_s - before.time_s)
        return self._begun_s + picture.time_s

    def retrieve(self, spare: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:  # noqa: ARG002
        """Convert the frame that was grabbed; see `Feed.retrieve`."""
        assert self._picture is not None  # noqa: S101 - grabbed before
        return self._picture.image()

    def planes(self, form: Form) -> NDArray[np.uint8] | None:
        """The frame that was grabbed in NV12; see `Feed.planes`."""
        assert self._picture is not None  # noqa: S101 - grabbed before
        return self._picture.planes(form) if self._picture.planes else None

    @property
    def decoder(self) -> str:  # type: ignore[override]
        """What decodes the pictures."""
        return self._source.decoder

    def close(self) -> None:
        """Close the file."""
        self._pictures.close()
        self._source.close()
