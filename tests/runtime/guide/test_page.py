"""What the page of the first hour answers, also to those who mean no good."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from free_port import free_port
from openapi_requests import ask_what_is_made_up

from edge_vad.errors import WrongUse
from edge_vad.guide.browser import Browser
from edge_vad.guide.conversation import Conversation, GuideEnding
from edge_vad.guide.page import serve_guide
from edge_vad.sinks.settings import PageSettings

LOOK, CHANGE = "correct horse battery staple", "a second token, longer still"
Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def conversation() -> Conversation:
    return Conversation()


@pytest.fixture
def ask(
    conversation: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ask]:
    """Asks a page that is served, by default as who may change."""
    for name, token in (("LOOK", LOOK), ("CHANGE", CHANGE)):
        monkeypatch.setenv(name, token)
    port = free_port()
    settings = PageSettings(port=port, token_env="LOOK", edit_token_env="CHANGE")
    server = serve_guide(settings, tmp_path, conversation)

    def send(path: str, body: object = None, token: str = CHANGE, **more: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}", **more} if token else more
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as line:
            line.request("GET" if data is None else "POST", path, data, headers)
            answer = line.getresponse()
            content = answer.read()
            is_json = answer.headers["content-type"] == "application/json"
            return answer.status, json.loads(content) if is_json else content

    yield send
    server.close(2.0)


@pytest.fixture
def asked(conversation: Conversation) -> Iterator[list[Any]]:
    """Somebody asks for a number; what was read."""
    read: list[Any] = []

    def number(said: str) -> int:
        if not said.isdecimal():
            raise WrongUse("that is no number", "say one")
        return int(said)

    face = Browser(conversation, read.append, unattended=False)
    thread = threading.Thread(target=lambda: read.append(face.text("How many", "1", number)))
    thread.start()
    yield read
    thread.join(30)
    assert not thread.is_alive()


def question_of(ask: Ask) -> dict[str, Any]:
    while True:
        if question := ask("/api/guide")[1]["told"]["question"]:
            return dict(question)


def test_a_question_is_asked_until_its_answer_can_be_read(ask: Ask, asked: list[Any]) -> None:
    first = question_of(ask)
    assert (first["text"], first["usual"], first["error"]) == ("How many", "1", "")
    assert ask("/api/guide/answer", {"question": first["number"], "answer": "many"})[0] == 200
    while (again := question_of(ask))["number"] == first["number"]:
        continue
    assert again["error"] == "that is no number: say one"
    late = ask("/api/guide/answer", {"question": first["number"], "answer": "2"})
    assert late[0] == 400
    assert "no longer" in late[1]["error"]
    assert ask("/api/guide/answer", {"question": again["number"], "answer": "3"})[0] == 200
    while not asked:
        continue
    assert asked == [3]


@pytest.mark.parametrize(
    ("token", "status"), [("", 401), ("a wrong token that is long", 401), (LOOK, 403)]
)
@pytest.mark.parametrize("path", ["/api/guide/answer", "/api/guide/stop", "/api/guide/go-on"])
def test_only_who_may_change_answers_stops_and_goes_on(
    ask: Ask, conversation: Conversation, path: str, token: str, status: int
) -> None:
    conversation.end(GuideEnding(False, "it failed", "mend it"))
    assert ask(path, {}, token)[0] == status
    assert conversation.view().ending is not None
    assert ask("/api/guide", token=token)[0] == (200 if token == LOOK else 401)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/guide/answer", {"question": 1, "answer": "1"}, 400),
        ("/api/guide/answer", {"question": "1", "answer": 1}, 400),
        ("/api/guide/answer", {"question": 1, "answer": "x" * 20_000}, 400),
        ("/api/guide/answer", b"x" * 70_000, 413),
        ("/api/guide/answer", b"[" * 10_000, 400),
        ("/api/guide/stop", {}, 400),
        ("/api/guide/stop", {"process": 1}, 400),
        ("/api/guide/go-on", {}, 400),
        ("/api/guide/pictures/0", None, 404),
        ("/api/guide/pictures/-1", None, 400),
        ("/api/guide/pictures/../../../etc/passwd", None, 404),
        ("/api/guide/pictures/..%2f..%2fetc%2fpasswd", None, 404),
        ("/guide.html", None, 404),
        ("/index.html", None, 404),
    ],
)
def test_what_cannot_be_is_refused(ask: Ask, path: str, body: object, status: int) -> None:
    found, said = ask(path, body)
    assert found == status
    assert set(said) == {"error", "todo", "code", "page"}


def test_a_picture_that_is_shown_is_sent_and_one_that_is_gone_is_told(
    ask: Ask, conversation: Conversation, tmp_path: Path
) -> None:
    picture = tmp_path / "gate.jpg"
    picture.write_bytes(b"\xff\xd8picture")
    number = conversation.show(picture)
    assert ask(f"/api/guide/pictures/{number}") == (200, b"\xff\xd8picture")
    picture.unlink()
    assert ask(f"/api/guide/pictures/{number}")[0] == 404


def test_another_site_changes_nothing(ask: Ask, conversation: Conversation) -> None:
    conversation.end(GuideEnding(False, "it failed", "mend it"))
    assert ask("/api/guide/go-on", {}, Origin="http://evil.example")[0] == 403
    assert ask("/api/guide", Host="evil.example")[0] == 421


@pytest.mark.long
def test_what_is_made_up_from_the_openapi_document_is_answered_as_it_says(
    conversation: Conversation, tmp_path: Path
) -> None:
    made = pytest.importorskip("docs_site.http_api", exc_type=ImportError)
    port = free_port()
    server = serve_guide(PageSettings(port=port), tmp_path, conversation)
    try:
        document = made.openapi(made.guide_routes())
        done = ask_what_is_made_up(port, document, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        server.close(60.0)
