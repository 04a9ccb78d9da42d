"""Pictures and clips of events, fetched from their box when a browser asks for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from edge_vad.errors import Unavailable
from edge_vad.overview.asking import BoxAway, BoxClient, BoxStream, NotThere
from edge_vad.sinks.http.http_errors import NotFound
from edge_vad.sinks.page.work_threads import WorkThreads

CLIPS = ("video/webm", "video/mp4")
PICTURE = "image/jpeg"
_LARGEST_PICTURE, _LARGEST_CLIP = 4_000_000, 512_000_000
_JPEG = b"\xff\xd8\xff"
_MOST_WAITING = 16
Result = TypeVar("Result")


class BoxMedia:
    """Fetches from one box, a few at a time: others do not wait for it.

    Args:
        name: The box's.
        client: Asks it.
    """

    def __init__(self, name: str, client: BoxClient) -> None:
        self._name, self._client = name, client
        self._threads, self._waiting = WorkThreads(), 0

    async def picture(self, event_id: str, width: int | None) -> bytes:
        """An event's picture, a JPEG.

        Args:
            event_id: At its box.
            width: In px; None for as it is.

        Raises:
            NotFound: The box does not have one.
            Unavailable: The box does not send one.
        """
        query = "" if width is None else f"?width={width}"
        path = f"/api/events/{event_id}/picture{query}"
        answer = await self._do(lambda: self._client.get(path, _LARGEST_PICTURE, PICTURE))
        if answer.body is None or not answer.body.startswith(_JPEG):
            raise self._unavailable("what it sends is no picture")
        return answer.body

    async def clip(self, event_id: str, span: str) -> BoxStream:
        """An event's clip, or a part of it; to be closed.

        Args:
            event_id: At its box.
            span: What is said as `Range`; empty: all of it.

        Raises:
            NotFound: The box does not have one.
            Unavailable: The box does not send one.
        """
        path = f"/api/events/{event_id}/clip"
        return await self._do(lambda: self._client.open(path, _LARGEST_CLIP, CLIPS, span))

    async def pieces(self, stream: BoxStream) -> AsyncIterator[bytes]:
        """What a stream sends, which is closed at its end.

        Raises:
            Unavailable: It ends too early.
        """
        try:
            while piece := await self._do(stream.read):
                yield piece
        finally:
            stream.close()

    async def _do(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= _MOST_WAITING:
            raise self._unavailable("it is asked for too much at a time")
        self._waiting += 1
        try:
            return await self._threads.do(work)
        except NotThere:
            raise NotFound(
                "its box does not have it", "it may have been deleted for its age"
            ) from None
        except BoxAway as error:
            raise self._unavailable(str(error)) from None
        finally:
            self._waiting -= 1

    def _unavailable(self, why: str) -> Unavailable:
        return Unavailable(f"box {self._name} does not send it: {why}", "try again later")
