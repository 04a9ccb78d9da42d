"""The first hour in a real browser: the page, the questions and the commands are the real ones.

What takes minutes is simulated: record writes a file, train and export put a small scene where
theirs would be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import pytest
from chromium import SIZES, Browser, draw, faults, opened_browser
from free_port import free_port
from guide_process import Guide, wait_for
from receiver import Receiver
from web_camera import web_camera

from edge_vad.site.reading import read_site

pytest.importorskip("torch", reason="the first hour trains")

SIZE = (256, 192)
"""Of the camera's pictures, px."""
PROGRAM = """\
import shutil
import sys
import time
from pathlib import Path

import edge_vad.cli
from edge_vad.guide import running
from edge_vad.guide.progress import ProgressLines

running.PROGRAM = (sys.executable, __file__)
name, words = (sys.argv + [""])[1], sys.argv
if name == "init":
    from edge_vad.cli import new_cameras

    new_cameras.find_plugged = lambda: ()
if name == "record":
    lines = ProgressLines("recording", 60, in_seconds=True)
    print("gate: something moves", flush=True)
    folder = Path("footage/gate")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "some.mkv").write_bytes(b"footage")
    while not Path("enough").exists():
        lines.at(18)
        time.sleep(0.1)
elif name == "train":
    Path("runs/gate").mkdir(parents=True)
    Path("runs/gate/scene.safetensors").touch()
elif name == "export":
    shutil.copy("scene.onnx", "gate.onnx")
elif name == "verify":
    print("onnxruntime: alike")
else:
    edge_vad.cli.main()
"""


@pytest.fixture
def start(tmp_path: Path, tiny_scene: Callable[..., Path]) -> Iterator[Callable[..., Guide]]:
    """Starts `edge-vad init --serve` in a folder of its own."""
    tiny_scene()
    (tmp_path / "program.py").write_text(PROGRAM)
    port = free_port()
    started: list[Guide] = []

    def begin(*words: str) -> Guide:
        started.append(Guide(tmp_path, port, *words))
        return started[-1]

    yield begin
    for each in started:
        each.process.kill()
        each.process.wait()
        assert "Traceback" not in each.text
        assert "hunter2" not in each.text


@pytest.fixture
def camera(make: SimpleNamespace) -> Iterator[str]:
    """The address of a camera by HTTP."""
    jpegs = [cv2.imencode(".jpg", cv2.resize(each, SIZE))[1].tobytes() for each in make.movement()]
    with web_camera(jpegs) as address:
        yield address


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(SIZES["a desk"], id="a desk"),
        pytest.param(SIZES["a phone"], id="a phone", marks=pytest.mark.long),
    ],
)
def test_a_camera_becomes_a_site_that_is_watched(
    start: Callable[..., Guide],
    browser: Browser,
    camera: str,
    receiver: Receiver,
    tmp_path: Path,
    size: tuple[int, int, bool],
) -> None:
    guide = start()
    page = browser.open(*size)
    page.goto(f"http://localhost:{guide.port}/")
    reply = page.locator("#answer")
    go_on = page.locator("#go")

    # Who only looks sees that something is asked, and not more.
    page.get_by_text("You may look").wait_for()
    assert not reply.is_visible()
    assert faults(page) == []
    page.get_by_role("button", name="Enter the token").click()
    page.get_by_label("Token", exact=True).fill(guide.token)
    assert faults(page) == []
    page.get_by_role("button", name="Log in").click()

    # A camera, and no file: by its address, as none is plugged in.
    page.get_by_role("heading", name="Ask the local network for cameras").wait_for()
    page.get_by_role("button", name="No").click()
    page.get_by_role("heading", name="Which cameras?").wait_for()
    page.get_by_text("edge-vad cameras", exact=True).wait_for()
    reply.fill("program.py")
    go_on.click()
    page.get_by_text("This is no camera that can be added here").wait_for()
    assert faults(page) == []
    reply.fill(camera)
    go_on.click()
    page.get_by_role("heading", name="Name of").wait_for()
    reply.fill("gate")
    go_on.click()

    # A region is drawn on its picture.
    page.get_by_role("heading", name="Is anything to be ignored").wait_for()
    page.get_by_role("button", name="Ignore a region").click()
    draw(page, page.locator(".drawing"), (0.5, 0.1), (0.9, 0.4))
    page.get_by_label("Corner 1 of region 1").wait_for()
    assert faults(page) == []
    go_on.click()
    page.get_by_role("heading", name="Address of a phone").wait_for()
    (region,) = read_site(tmp_path / "site.toml").cameras[0].decision.ignore
    drawn = [(x / SIZE[0], y / SIZE[1]) for x, y in region]
    assert drawn[0] == pytest.approx((0.5, 0.1), abs=0.02)
    assert drawn[2] == pytest.approx((0.9, 0.4), abs=0.02)

    # Somebody is notified, without pictures.
    reply.fill(receiver.address)
    go_on.click()
    page.get_by_role("heading", name="May pictures of events be sent there?").wait_for()
    page.get_by_role("button", name="No").click()
    page.get_by_role("heading", name="How long to record?").wait_for()
    assert [each.pictures for each in receiver.messages] == [[]]

    # It is recorded, with a count-down and what is seen; the rest follows by itself.
    reply.fill("60s")
    go_on.click()
    page.get_by_text("0:00:42 left").wait_for()
    assert page.get_by_text("gate: something moves").first.is_visible()
    assert faults(page) == []
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    (tmp_path / "enough").touch()
    page.get_by_role("heading", name="The site is ready").wait_for()
    following = "edge-vad run --config site.toml --serve --edit-token-file secrets/edit-token"
    page.get_by_text(following).wait_for()
    assert faults(page) == []
    assert browser.complaints == []
    said = guide.end()
    assert guide.process.returncode == 0
    assert said.endswith(f"next: {following}\n")
    steps = ["cameras", "config", "snapshot", "config", "config", "notify"]
    assert guide.commands == [*steps, "record", "train", "export", "verify", "config"]
    for secret in ("hunter2", receiver.secret, guide.token):
        assert secret not in said + page.content() + (tmp_path / "site.toml").read_text()


def test_it_goes_on_where_it_was_killed_and_after_what_failed(
    start: Callable[..., Guide], camera: str, tmp_path: Path
) -> None:
    killed = start(f"gate={camera}", "--duration", "60s")
    killed.answer("gate")
    killed.answer("")  # nothing is ignored
    killed.answer("")  # nobody is notified
    footage = tmp_path / "footage" / "gate" / "some.mkv"
    wait_for(footage.exists)
    killed.process.kill()
    killed.process.wait()
    guide = start("--duration", "60s")
    guide.answer("")  # nobody is notified
    wait_for(lambda: guide.commands == ["record"])

    # Whoever only looks stops nothing.
    assert guide.ask("/api/guide/stop", {}) in (401, 403)
    wait_for(lambda: guide.ask("/api/guide/stop", {}, guide.token) == {"ok": True})
    wait_for(lambda: guide.ask("/api/guide")["told"]["ending"])
    told = guide.ask("/api/guide")["told"]
    assert not told["ending"]["is_done"]
    assert told["entries"][-1]["state"] == "failed"
    (tmp_path / "enough").touch()
    assert guide.ask("/api/guide/go-on", {}, guide.token) == {"ok": True}
    guide.answer("")
    wait_for(lambda: (guide.ask("/api/guide")["told"]["ending"] or {}).get("is_done"))
    assert guide.commands == ["record", "record", "train", "export", "verify", "config"]


def test_a_page_that_only_shows_ends_as_a_terminal_does(
    start: Callable[..., Guide], camera: str, tmp_path: Path
) -> None:
    (tmp_path / "enough").touch()
    guide = start(f"gate={camera}", "--duration", "60s", "--yes")
    wait_for(lambda: guide.process.poll() is not None)
    assert guide.process.returncode == 0, guide.text
    steps = ["config", "snapshot", "record", "train", "export", "verify", "config"]
    assert guide.commands == steps


@pytest.mark.parametrize(
    "source",
    [
        "program.py",
        "/etc/passwd",
        ".",
        "test://street?seed=1",
        "gate=program.py",
        "rtsp://host/stream#source_file=secrets/edit-token",
        "file:///etc/passwd",
        "concat:program.py",
        "onvif://10.0.0.1/onvif/device_service",
        "tcp://127.0.0.1:1?listen=1",
    ],
)
def test_nothing_but_a_camera_can_be_typed_in_a_browser(source: str, tmp_path: Path) -> None:
    from edge_vad.cli.new_cameras import choose_cameras
    from edge_vad.guide.browser import Browser as BrowserFace
    from edge_vad.guide.conversation import Conversation

    class Typing(Conversation):
        """Somebody who types this, and sees how it is refused."""

        refused = ""

        def ask(self, *words: Any, **more: Any) -> str:
            if words[1] == "yes or no":
                return "no"
            if words[-1]:
                self.refused = words[-1]
                return "csi://0"
            return source

    typing = Typing()
    face = BrowserFace(typing, lambda _: None, unattended=False)
    chosen = choose_cameras(face, tmp_path / "site.toml", onvif=False, interface=None)
    assert chosen == ["csi://0"]
    assert "this is no camera that can be added here" in typing.refused or (
        "only fps and transport" in typing.refused
    )
    assert source not in typing.refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--serve", "0.0.0.0:1"), "others can reach 0.0.0.0, and there is no token"),
        (("--edit-token-file", "program.py", "--yes"), "tokens are for the page"),
    ],
)
def test_a_page_without_its_tokens_is_refused(
    edge_vad: Callable[..., Any], words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    answer = edge_vad("init", *words, "--out", tmp_path / "site")
    assert answer.code == 2
    assert said in answer.err
