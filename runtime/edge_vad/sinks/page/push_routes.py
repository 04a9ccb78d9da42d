"""The routes by which scenes are rolled out; only who knows the deploy token gets so far."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge_vad.errors import BadInput
from edge_vad.sinks.http.connection import UPLOADED
from edge_vad.sinks.http.http_errors import NotFound
from edge_vad.sinks.http.operation import operation
from edge_vad.sinks.http.responses import json_response
from edge_vad.sinks.page.parameters import PUSH
from edge_vad.sinks.page.requests import LARGEST_SERIAL, read_body, read_number
from edge_vad.sinks.page.work_threads import WorkThreads
from edge_vad.sinks.pushes import (
    IncompletePush,
    PushDesk,
    PushOffer,
    PushRefused,
    PushStatus,
    Upload,
    WantedFiles,
)

PATH = "/api/push"
_LARGEST_OFFER = 150_000
_REFUSALS = (400, 404, 409, 413)


class PushRoutes:
    """Takes pushes.

    Args:
        desk: Who does it; None where nobody does.
    """

    def __init__(self, desk: PushDesk | None) -> None:
        self._desk = desk
        self._threads = WorkThreads()

    def routes(self) -> Sequence[Route]:
        """All of them."""
        return [
            Route(PATH, self._status, methods=["GET"]),
            Route(PATH, self._offer, methods=["POST"]),
            Route(f"{PATH}/{{serial}}/files", self._upload, methods=["POST"]),
        ]

    @operation(answer=PushStatus, statuses=(400, 404))
    async def _status(self, request: Request) -> Response:
        """Tell which push holds, and what became of the latest."""
        return await self._told()

    @operation(body=PushOffer, answer=WantedFiles, statuses=_REFUSALS)
    async def _offer(self, request: Request) -> Response:
        """Offer a push: its manifest and signature; the answer says which files to upload."""
        desk = self._asked()
        offer = await read_body(request, PushOffer, _LARGEST_OFFER)
        look = partial(desk.offer, _manifest(offer), _signature(offer))
        return json_response(await self._threads.do(look))

    @operation(
        sent="application/octet-stream",
        answer=PushStatus,
        parameters=PUSH,
        statuses=_REFUSALS,
    )
    async def _upload(self, request: Request) -> Response:
        """Upload the wanted files of a push, one after the other; it is tried after the answer."""
        desk = self._asked()
        request.scope[UPLOADED] = 0
        serial = read_number(request.path_params, "serial", 0, 1, LARGEST_SERIAL)
        upload = await self._threads.do(partial(desk.upload, serial))
        try:
            _check_length(request, upload)
            await self._received(request, upload)
        finally:
            upload.close()
        return await self._told()

    async def _received(self, request: Request, upload: Upload) -> None:
        """Take all bytes, also after a refusal: who still sends would not hear of it."""
        refusal: PushRefused | None = None
        async for chunk in request.stream():
            request.scope[UPLOADED] += len(chunk)
            if refusal is None:
                refusal = await self._threads.do(partial(_taken, upload, chunk))
        if refusal is not None:
            raise refusal
        await self._threads.do(upload.finish)

    async def _told(self) -> Response:
        try:
            return json_response(await self._threads.do(self._asked().status))
        except BadInput as error:
            raise PushRefused(error.what, error.todo) from None

    def _asked(self) -> PushDesk:
        if self._desk is None:
            raise NotFound(
                "no scenes are rolled out to this box",
                "add [push], and a deploy token in [sinks.page], to its site file",
            )
        return self._desk


def deploys(path: str) -> bool:
    """Whether a path is for those alone who roll out scenes."""
    return path == PATH or path.startswith(f"{PATH}/")


def _taken(upload: Upload, chunk: bytes) -> PushRefused | None:
    try:
        upload.take(chunk)
    except PushRefused as error:
        return error
    return None


def _check_length(request: Request, upload: Upload) -> None:
    if request.headers.get("content-length") != str(upload.size):
        raise IncompletePush(
            f"the wanted files have {upload.size} bytes, and the request says otherwise",
            "send them one after the other, with Content-Length",
        )


def _manifest(offer: PushOffer) -> bytes:
    try:
        return offer.manifest.encode()
    except UnicodeEncodeError:
        raise PushRefused("the manifest is no text", "send it as it was signed") from None


def _signature(offer: PushOffer) -> bytes:
    try:
        return base64.b64decode(offer.signature, validate=True)
    except (binascii.Error, ValueError):
        raise PushRefused("the signature is no base64", "send the bytes as base64") from None
