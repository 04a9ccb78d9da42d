"""What comes before scoring, by the format that a camera sends: decode, convert, resize."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge_vad.opencv import cv2
from edge_vad.preprocessing.resize import FrameResizer
from edge_vad.scene_model import SceneCard
from edge_vad.sources.addresses.spec import RecordingSpec
from edge_vad_bench.measure.stopwatch import Stopwatch
from edge_vad_bench.measure.workload import Workload
from edge_vad_bench.workloads.footage import Pictures, enlarged

if TYPE_CHECKING:
    from edge_vad.sources.base import Decoded

SCENARIO = "Picture"
JPEG_HEIGHT, YUYV_HEIGHT = 720, 480
"""Rows of the pictures of USB cameras, px."""
_QUALITY = 85


class PictureWorkload(Workload):
    """One picture, from its packet to the size of the scene.

    Args:
        name: Of the format.
        card: Of the scene.
    """

    scenario = SCENARIO

    def __init__(self, name: str, card: SceneCard) -> None:
        self.name, self.subject = f"{SCENARIO}/{name}", name
        self._resizer = FrameResizer(card.height, card.width, card.ignored)

    def query(self, watch: Stopwatch) -> bool:
        """See `Workload`."""
        convert = self.decode()
        if convert is None:
            return False
        watch.mark("decode")
        image = convert()
        watch.mark("convert")
        self._resizer.resize(image)
        watch.mark("resize")
        return True

    @abstractmethod
    def decode(self) -> Callable[[], NDArray[np.uint8]] | None:
        """Decode the next picture; what converts it, None where there is none."""


class VideoPictures(PictureWorkload):
    """Pictures of a video file, by the decoder of a camera.

    Args:
        name: Of the format.
        card: Of the scene.
        path: The file.
        size: To which they are scaled as they are decoded; None: they are not.
    """

    def __init__(
        self, name: str, card: SceneCard, path: Path, size: tuple[int, int] | None = None
    ) -> None:
        from edge_vad.sources.recordings.video import VideoSource

        super().__init__(name, card)
        self._source = VideoSource(RecordingSpec(path, realtime=True, size=size))
        self._pictures: Iterator[Decoded] = iter(())

    def decode(self) -> Callable[[], NDArray[np.uint8]] | None:
        """See `PictureWorkload.decode`."""
        picture = next(self._pictures, None)
        if picture is None:
            self._pictures = self._source.decoded()
            next(self._pictures, None)  # it opens the file
            return None
        return picture.image  # type: ignore[return-value]

    def close(self) -> None:
        """See `Workload`."""
        self._pictures = iter(())
        self._source.close()


class JpegPictures(PictureWorkload):
    """JPEG pictures, as USB cameras send them: decoding is conversion, too.

    Args:
        name: Of the format.
        card: Of the scene.
        pictures: What they show.
    """

    def __init__(self, name: str, card: SceneCard, pictures: Pictures) -> None:
        super().__init__(name, card)
        quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        shown = enlarged(pictures[:10], JPEG_HEIGHT)
        self._files = cycle([cv2.imencode(".jpg", each, quality)[1] for each in shown])

    def decode(self) -> Callable[[], NDArray[np.uint8]]:
        """See `PictureWorkload.decode`."""
        image = cv2.imdecode(next(self._files), cv2.IMREAD_COLOR)
        return lambda: image  # type: ignore[return-value]


class YuyvPictures(PictureWorkload):
    """Pictures of a USB camera that are not compressed.

    Args:
        name: Of the format.
        card: Of the scene.
        pictures: What they show.
    """

    def __init__(self, name: str, card: SceneCard, pictures: Pictures) -> None:
        super().__init__(name, card)
        shown = enlarged(pictures[:10], YUYV_HEIGHT)
        self._raws = cycle([cv2.cvtColor(each, cv2.COLOR_BGR2YUV_YUY2) for each in shown])

    def decode(self) -> Callable[[], NDArray[np.uint8]]:
        """See `PictureWorkload.decode`."""
        raw = next(self._raws)
        return lambda: cv2.cvtColor(raw, cv2.COLOR_YUV2BGR_YUY2)  # type: ignore[return-value]
