"""The routes that change the site file; only who may change anything gets so far."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge_vad.errors import BadInput, BadModel, Unavailable, WrongUse
from edge_vad.sinks.edits import (
    AddCamera,
    ChangeCamera,
    Edit,
    EditableSite,
    EditConflict,
    RemoveCamera,
    SiteEditor,
)
from edge_vad.sinks.http.http_errors import ConditionMissing, Conflict, NotFound
from edge_vad.sinks.http.operation import operation
from edge_vad.sinks.http.responses import json_response
from edge_vad.sinks.page.parameters import CAMERA_NAME, IF_MATCH
from edge_vad.sinks.page.requests import read_body
from edge_vad.sinks.page.work_threads import WorkThreads

_LARGEST_BODY = 65_536
_OF_CHANGES = (400, 404, 412, 413, 428)
_TAG = re.compile(r'"([0-9a-f]{32})"')


class EditRoutes:
    """Adds, changes and removes cameras.

    Args:
        editor: Who does it; None where that cannot be.
    """

    def __init__(self, editor: SiteEditor | None) -> None:
        self._editor = editor
        self._threads = WorkThreads()

    def routes(self) -> Sequence[Route]:
        """All of them."""
        cameras = "/api/edit/cameras"
        return [
            Route("/api/edit", self._read, methods=["GET"]),
            Route(cameras, self._add, methods=["POST"]),
            Route(f"{cameras}/{{camera}}", self._change, methods=["POST"]),
            Route(f"{cameras}/{{camera}}", self._remove, methods=["DELETE"]),
        ]

    @operation(answer=EditableSite, statuses=(404,))
    async def _read(self, request: Request) -> Response:
        """Tell what the site file says, as far as it can be changed; never an address."""
        editor = self._asked()
        return _told(await self._threads.do(editor.read))

    @operation(body=AddCamera, answer=EditableSite, parameters=IF_MATCH, statuses=_OF_CHANGES)
    async def _add(self, request: Request) -> Response:
        """Watch another camera."""
        self._asked()
        edit = await read_body(request, AddCamera, _LARGEST_BODY, tells=True)
        return await self._carried_out(request, edit.name, edit)

    @operation(
        body=ChangeCamera,
        answer=EditableSite,
        parameters=CAMERA_NAME | IF_MATCH,
        statuses=_OF_CHANGES,
    )
    async def _change(self, request: Request) -> Response:
        """Change a camera; what is left out stays."""
        self._asked()
        edit = await read_body(request, ChangeCamera, _LARGEST_BODY, tells=True)
        return await self._carried_out(request, request.path_params["camera"], edit)

    @operation(answer=EditableSite, parameters=CAMERA_NAME | IF_MATCH, statuses=_OF_CHANGES)
    async def _remove(self, request: Request) -> Response:
        """Watch a camera no more."""
        return await self._carried_out(request, request.path_params["camera"], RemoveCamera())

    async def _carried_out(self, request: Request, camera: str, edit: Edit) -> Response:
        editor, digest = self._asked(), _digest(request)
        try:
            return _told(await self._threads.do(lambda: editor.change(digest, camera, edit)))
        except EditConflict as error:
            raise Conflict(error.what, error.todo) from None
        except (BadInput, BadModel, Unavailable) as error:
            raise WrongUse(error.what, error.todo) from None

    def _asked(self) -> SiteEditor:
        if self._editor is None:
            raise NotFound(
                "no site file can be changed here",
                "start edge-vad run --config site.toml with --edit-token-file",
            )
        return self._editor


def _digest(request: Request) -> str:
    """What the change is one of, by the ETag that it came with."""
    said = request.headers.getlist("if-match")
    if not said:
        raise ConditionMissing
    match = _TAG.fullmatch(said[0]) if len(said) == 1 else None
    if match is None:
        raise Conflict("this ETag was never given", "load the site again, and repeat")
    return match[1]


def _told(site: EditableSite) -> Response:
    answer = json_response(site)
    answer.headers["etag"] = f'"{site.digest}"'
    return answer
