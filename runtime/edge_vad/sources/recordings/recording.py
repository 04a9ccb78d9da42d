"""What video files and folders of frames have in common."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Generator
from contextlib import closing
from weakref import WeakSet

from edge_vad.errors import BadInput, WrongUse
from edge_vad.frame import Frame
from edge_vad.motion.pace import FrameRateLimiter
from edge_vad.preprocessing.resize import is_alike
from edge_vad.sources.addresses.spec import RecordingSpec
from edge_vad.sources.base import Decoded, Source, SourceState

log = logging.getLogger("edge_vad.sources")


Pictures = Generator[Decoded, None, None]


class Recording(Source):
    """Footage that lies on a disk: it can be played again and never drops a frame.

    Args:
        spec: Where it lies and which of its frames to use.
        fps: Frames a second.
        strict: Raise at the first picture that cannot be read or decoded.
    """

    def __init__(self, spec: RecordingSpec, fps: float, *, strict: bool = False) -> None:
        self.name = spec.name
        self.fps = fps
        self._spec = spec
        self._strict = strict
        self._reported: set[object] = set()
        self._passes: WeakSet[Generator[Frame, None, None]] = WeakSet()

    def __iter__(self) -> Generator[Frame, None, None]:
        """Hand out the frames in order; every call begins anew.

        Raises:
            BadInput: No frame can be read, or the pictures change their shape.
        """
        return self.play()

    def play(self, fps: float | None = None) -> Generator[Frame, None, None]:
        """The same, without those that come faster than is wanted; see `Source.play`."""
        frames = self._play(fps)
        self._passes.add(frames)
        return frames

    def decoded(self) -> Generator[Decoded, None, None]:
        """Hand out the pictures before they are converted; see `Source.decoded`."""
        self.state, self.skipped = SourceState.LIVE, 0
        try:
            with closing(self.pictures()) as pictures:
                yield from pictures
        finally:
            self.state = SourceState.ENDED

    def close(self) -> None:
        """End every iteration under way and give back what it holds."""
        for frames in list(self._passes):
            frames.close()

    @abstractmethod
    def pictures(self) -> Pictures:
        """Give every picture of the range that can be read, in order."""

    def _picture(self, index: int) -> str:
        """Name a frame for a reader who wants to look at it."""
        return f"frame {index} of {self._spec.path}"

    def _skip(self, what: str, count: int = 1) -> None:
        """Count pictures that are left out, and tell of each kind once."""
        if self._strict:
            raise BadInput(what, "mend or remove the file, or leave out strict reading to skip it")
        self.skipped += count
        self._report(f"{what} and is skipped")

    def _report(self, what: str) -> None:
        """Warn once, however often the recording is played."""
        if what not in self._reported:
            self._reported.add(what)
            log.warning("%s", what)

    def _play(self, fps: float | None) -> Generator[Frame, None, None]:
        self.state, self.skipped = SourceState.LIVE, 0
        limiter, take, sizes = FrameRateLimiter(fps), 0, 0
        size: tuple[int, ...] | None = None
        try:
            with closing(self.pictures()) as pictures:
                for picture in pictures:
                    if picture.take != take:
                        limiter.reset()
                        take = picture.take
                    if not limiter.takes(picture.time_s):
                        continue
                    image = picture.image()
                    if image is None:
                        limiter.reset()  # the next one in its place
                        continue
                    if size is not None and image.shape != size:
                        self._note_size(picture.index, size, image.shape)
                        sizes += 1
                    size = image.shape
                    planes = picture.planes(self.form) if self.form and picture.planes else None
                    yield Frame(image, picture.index, picture.time_s, take + sizes, planes)
        finally:
            self.state = SourceState.ENDED

    def _note_size(self, index: int, old: tuple[int, ...], new: tuple[int, ...]) -> None:
        """Let a stream be sent larger or smaller, but not in another shape."""
        what = f"{self._picture(index)} is {new[1]}x{new[0]}, those before are {old[1]}x{old[0]}"
        if not is_alike(old, new):
            todo = f"give all frames one shape, or use {self._spec.path}:"
            raise BadInput(what, f"{todo}{self._spec.frames.start}-{index}")
        self._report(what)


def refuse_beyond(spec: RecordingSpec, length: int, tolerance: int = 0) -> None:
    """See to it that the range lies within the recording.

    Args:
        spec: The recording and the range.
        length: How many frames it has.
        tolerance: How many more it may have.

    Raises:
        WrongUse: The range begins or ends beyond the last frame.
    """
    frames, reach = spec.frames, length + tolerance
    if frames.start >= reach or (frames.stop or 0) > reach:
        start = frames.start if frames.start < length else 0
        raise WrongUse(
            f"the range {frames} goes beyond the {length} frames of {spec.path}",
            f"stay within {spec.path}:{start}-{length}",
        )
