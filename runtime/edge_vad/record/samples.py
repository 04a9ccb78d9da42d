"""What is recorded: compressed pictures as a source sends them, or pictures still to be encoded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge_vad.record.throughput import Throughput

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture on its way into a file.

    Attributes:
        content: As it was sent: a packet; else uint8, (height, width, 3), blue-green-red.
        time_s: When it is shown, on the source's clock.
        is_key: Whether a file may begin with it.
        follows: Whether it follows the one before; else a new file begins.
    """

    content: Packet[VideoStream] | Image
    time_s: float
    is_key: bool
    follows: bool = True


class Track(ABC):
    """Where the samples of one feed go in a file."""

    @abstractmethod
    def write(self, sample: Sample, begin_s: float) -> None:
        """Add a sample.

        Args:
            sample: The next one.
            begin_s: When the file's first sample is shown, on the same clock.

        Raises:
            OSError: It cannot be written.
        """

    def end(self) -> None:
        """Write what was held back; no sample follows."""


class SampleFeed(ABC):
    """One connection that is recorded: read from until it is lost, then closed and opened anew.

    Attributes:
        throughput: Whether this device keeps up; None where nothing is encoded or nothing is late.
    """

    throughput: Throughput | None = None

    @abstractmethod
    def next(self) -> Sample:
        """Wait for the next sample.

        Raises:
            FeedLost: The connection broke, or nothing came in time.
            FeedEnded: It is over.
        """

    @abstractmethod
    def image(self, sample: Sample) -> Image | None:
        """The picture of a key sample that was not written yet; None where it is damaged."""

    @abstractmethod
    def track(self, container: OutputContainer) -> Track:
        """Add what it sends to a new file."""

    def close(self) -> None:
        """Give back the connection."""
