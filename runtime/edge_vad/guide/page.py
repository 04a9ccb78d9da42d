"""The page of edge-vad init --serve; documented in docs/first_hour.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from edge_vad.guide.conversation import Conversation, ConversationView
from edge_vad.sinks.http.application import application
from edge_vad.sinks.http.auth import Authenticator
from edge_vad.sinks.http.http_errors import NotFound
from edge_vad.sinks.http.operation import Parameter, operation
from edge_vad.sinks.http.responses import DONE, Done, json_response, json_unless_known
from edge_vad.sinks.http.server import HttpServer
from edge_vad.sinks.page.assets import asset_routes
from edge_vad.sinks.page.login_routes import CallerRights, LoginRoutes
from edge_vad.sinks.page.requests import read_body, read_number
from edge_vad.sinks.page.server import serve_app
from edge_vad.sinks.settings import PageSettings

_LARGEST_BODY, _LONGEST_ANSWER = 65_536, 16_384
_MOST_PICTURES = 10_000
_NUMBER = {
    "number": Parameter(
        {"type": "integer", "minimum": 0, "maximum": _MOST_PICTURES},
        "Which one, from 0.",
        "path",
        required=True,
    )
}


class AnswerBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to a question."""

    question: int
    answer: Annotated[str, msgspec.Meta(max_length=_LONGEST_ANSWER)]


class NothingBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of requests that say nothing but themselves."""


class GuideResponse(msgspec.Struct, frozen=True):
    """All that the page shows.

    Attributes:
        rights: What this caller may do.
        told: What was said, done and asked.
    """

    rights: CallerRights
    told: ConversationView


def serve_guide(settings: PageSettings, folder: Path, conversation: Conversation) -> HttpServer:
    """Serve the page until the server is closed.

    Args:
        settings: Where, and to whom.
        folder: Keeps which sessions were ended.
        conversation: What it shows.

    Raises:
        BadInput: The port is taken, or a token is not where it should be.
        Unavailable: The server cannot start.
    """
    return serve_app(settings, folder, lambda access: GuideApp(conversation, access).routes())


class GuideApp:
    """The routes of the page.

    Args:
        conversation: What it shows.
        access: Who may see and answer it.
    """

    def __init__(self, conversation: Conversation, access: Authenticator) -> None:
        self._conversation, self._login = conversation, LoginRoutes(access)

    def routes(self) -> Starlette:
        """The application."""
        return application(
            [
                *asset_routes("guide.html"),
                *self._login.routes(),
                Route("/api/guide", self._now, methods=["GET"]),
                Route("/api/guide/pictures/{number}", self._picture, methods=["GET"]),
                Route("/api/guide/answer", self._answer, methods=["POST"]),
                Route("/api/guide/stop", self._stop, methods=["POST"]),
                Route("/api/guide/go-on", self._go_on, methods=["POST"]),
            ]
        )

    @operation(answer=GuideResponse, statuses=(304,))
    async def _now(self, request: Request) -> Response:
        """Tell all that was said, done and asked."""
        rights, told = self._login.rights_of(request), self._conversation.view()
        return json_unless_known(request, GuideResponse(rights, told))

    @operation(kinds=("image/jpeg",), parameters=_NUMBER, statuses=(206, 400, 404, 416))
    async def _picture(self, request: Request) -> Response:
        """Send a picture of a camera."""
        number = read_number(request.path_params, "number", 0, 0, _MOST_PICTURES)
        path = self._conversation.picture(number)
        if path is None or not path.is_file():
            raise NotFound("there is no such picture", "load the page again")
        return FileResponse(path, media_type="image/jpeg")

    @operation(body=AnswerBody, answer=Done, statuses=(400, 413))
    async def _answer(self, request: Request) -> Response:
        """Answer a question."""
        said = await read_body(request, AnswerBody, _LARGEST_BODY)
        self._conversation.answer(said.question, said.answer)
        return json_response(DONE)

    @operation(body=NothingBody, answer=Done, statuses=(400, 413))
    async def _stop(self, request: Request) -> Response:
        """End what is done now."""
        await read_body(request, NothingBody)
        self._conversation.stop()
        return json_response(DONE)

    @operation(body=NothingBody, answer=Done, statuses=(400, 413))
    async def _go_on(self, request: Request) -> Response:
        """Go on after what went wrong."""
        await read_body(request, NothingBody)
        self._conversation.go_on()
        return json_response(DONE)
