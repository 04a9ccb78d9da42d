"""edge-vad init: from a camera to a site that is watched, by commands, and on from where it was."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from free_port import free_port
from onvif_camera import OnvifCamera
from receiver import Receiver
from rtsp_camera import RtspCamera, has_rtsp_server, require

from edge_vad.cli import cli
from edge_vad.discovery.plugged import PluggedCamera
from edge_vad.discovery.probe import Found
from edge_vad.discovery.probe import OnvifCamera as FoundCamera
from edge_vad.errors import SourceLost
from edge_vad.guide.face import Face
from edge_vad.guide.steps import CameraSteps
from edge_vad.scene_model import SceneModel
from edge_vad.site.reading import read_site
from edge_vad.sources import open_source
from edge_vad.sources.addresses.address import CameraSpec
from edge_vad_train.checkpoint import FILE_NAME

Command = Callable[..., Any]
STREET = "gate=test://street?seed=1&size=192x144"
BRIEF = {"latent": 2, "components": 2, "steps": 3, "patches": 600, "cells": 2000, "size": "192x144"}
CLOCK = "[[0, 0], [60, 0], [60, 20], [0, 20]]"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh folder, in which training takes seconds, and no machine's own cameras."""
    monkeypatch.setattr("onvif_camera.PORT", free_port(socket.SOCK_DGRAM))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("edge_vad.cli.new_cameras.find_plugged", lambda: ())
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    train = cli.get_command(SimpleNamespace(), "train")  # type: ignore[arg-type]
    assert train
    for option in train.params:
        if option.name in BRIEF:
            monkeypatch.setattr(option, "default", BRIEF[option.name])


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets somebody sit at the terminal who types these lines."""

    def type_in(*lines: str) -> None:
        stdin = io.StringIO("".join(f"{line}\n" for line in lines))
        monkeypatch.setattr(stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stdin", stdin)

    return type_in


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def commands(out: str) -> list[list[str]]:
    """The commands that were given, without `edge-vad`."""
    return [shlex.split(line)[1:] for line in re.findall(r"^\$ (edge-vad .*)$", out, re.M)]


def test_a_fresh_folder_becomes_a_site_and_a_second_time_nothing_is_done_twice(
    edge_vad: Command, tmp_path: Path
) -> None:
    words = ("init", STREET, "--yes", "--duration", "6s", "--ignore", CLOCK)
    answer = edge_vad(*words)
    assert answer.code == 0, answer.err
    given = commands(answer.out)
    steps = ["config", "snapshot", "config", "record", "train", "export", "verify", "config"]
    assert [each[0] for each in given] == steps
    following = [line for line in answer.out.splitlines() if line.startswith("next")]
    assert following == ["next: edge-vad run --config site.toml --serve"]
    (camera,) = read_site(Path("site.toml")).cameras
    card = SceneModel.read(Path(camera.scene)).card
    assert (camera.name, card.training.sources) == ("gate", ("gate",))
    assert len(card.ignored) == len(camera.decision.ignore) == 1
    assert Path("pictures/gate.jpg").exists()
    again = edge_vad(*words)
    assert again.code == 0, again.err
    assert [each[0] for each in commands(again.out)] == ["verify", "config"]


def test_a_training_that_was_interrupted_goes_on_with_the_footage_that_it_had(
    edge_vad: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("edge_vad_train.site.making.train_scene", interrupted)
        answer = edge_vad("init", STREET, "--yes", "--duration", "6s")
    assert answer.code == 130
    assert "give the same command again" in answer.err
    footage = sorted(Path("footage/gate").glob("*.mkv"))

    def train(face: Face, ways: list[CameraSteps]) -> None:
        face.take(next(ways[0].learn()))

    monkeypatch.setattr("edge_vad.cli.first_hour._learn", train)
    monkeypatch.setattr("edge_vad.cli.first_hour._finish", lambda *_: ("", ""))
    again = edge_vad("init", "--yes", "--duration", "12s")
    assert again.code == 0, again.err
    assert [each[0] for each in commands(again.out)] == ["train"]
    assert "going on with the training" in again.err
    assert sorted(Path("footage/gate").glob("*.mkv")) == footage
    assert Path("runs/gate", FILE_NAME).exists()


def test_the_password_of_a_camera_is_shown_nowhere_and_a_lost_camera_ends_it(
    edge_vad: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_vad.sources.still.PATIENCE_S", 0.5)
    source = "gate=rtsp://admin:hunter2@127.0.0.1:9/hunter2"
    answer = edge_vad("init", source, "--yes", "--duration", "6s")
    assert answer.code == 5
    assert commands(answer.out)[0] == [
        *("config", "add", "site.toml", "gate", "--source-file", "secrets/gate")
    ]
    again = edge_vad("init", source, "--yes", "--duration", "6s")
    assert [each[0] for each in commands(again.out)] == ["snapshot"]
    assert "correct its address in secrets/gate" in again.err
    other = edge_vad("init", source.replace("hunter2@", "hunter3@"), "--yes")
    assert other.code == 2
    assert "has another source" in other.err
    shown = "".join(each.out + each.err for each in (answer, again, other))
    assert "hunter" not in shown
    assert Path("secrets/gate").stat().st_mode & 0o777 == 0o600


def test_another_address_can_be_typed_where_a_camera_does_not_answer(
    edge_vad: Command, typed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_vad.cli.first_hour._learn", lambda *_: None)
    monkeypatch.setattr("edge_vad.cli.first_hour._finish", lambda *_: ("", ""))
    typed("gate", "clip.mp4", STREET.partition("=")[2], "", "")

    def take(source: object, name: str) -> np.ndarray:
        if isinstance(source, CameraSpec):
            raise SourceLost(f"{name} sent no picture", "check its address")
        return np.zeros((144, 192, 3), np.uint8)

    monkeypatch.setattr("edge_vad.sources.still.take_picture", take)
    Path("clip.mp4").touch()
    source = "gate=rtsp://admin:hunter2@127.0.0.1:9/live"
    answer = edge_vad("init", source, "--duration", "2s")
    assert answer.code == 0, answer.err
    assert "is a recording, and no camera" in answer.err
    steps = [each[:2] for each in commands(answer.out)]
    assert [each for each in steps if each[0] == "config"] == [
        ["config", "add"],
        ["config", "source"],
    ]
    assert [each[0] for each in steps].count("snapshot") == 2
    (camera,) = read_site(Path("site.toml")).cameras
    assert camera.source == STREET.partition("=")[2]
    assert "hunter2" not in answer.out + answer.err


def test_a_phone_gets_its_test_message_with_a_picture(
    edge_vad: Command, receiver: Receiver, tiny_scene: Callable[..., Path]
) -> None:
    edge_vad("config", "add", "site.toml", STREET)
    shutil.move(tiny_scene(), "gate.onnx")
    Path("phone").write_text(receiver.address)
    answer = edge_vad("init", "--yes", "--notify-file", "phone", "--picture")
    assert answer.code == 0, answer.err
    assert commands(answer.out) == [
        ["config", "notify", "site.toml", "phone", "--picture"],
        ["notify", "--config", "site.toml"],
        ["config", "check", "site.toml"],
    ]
    (message,) = receiver.messages
    assert len(message.pictures) == 1
    assert receiver.secret not in answer.out + answer.err + Path("site.toml").read_text()


def test_at_a_terminal_it_asks_again_where_an_answer_cannot_be(
    edge_vad: Command, typed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (PluggedCamera("/dev/video7", "Webcam", False, "/dev/video7"),)
    monkeypatch.setattr("edge_vad.cli.new_cameras.find_plugged", lambda: found)
    monkeypatch.setattr("edge_vad.cli.first_hour._finish", lambda *_: ("", ""))
    monkeypatch.setattr("edge_vad.cli.first_hour._learn", lambda *_: None)
    address = STREET.partition("=")[2]
    cameras = ("no", "nothing://x", address, "front door", "door")
    typed(*cameras, "[[1, 2]]", CLOCK, "phone", "", "soon", "6s")
    answer = edge_vad("init")
    assert answer.code == 0, answer.err
    assert "1: /dev/video7: Webcam (no right to read it" in answer.out
    for refused in ("no source that edge-vad knows", "no name of a camera", "is no region"):
        assert refused in answer.err
    assert "'soon' is no duration" in answer.err
    assert "phone: the address" in answer.err, answer.err[-1500:]
    (camera,) = read_site(Path("site.toml")).cameras
    assert (camera.name, len(camera.decision.ignore)) == ("door", 1)
    assert list(Path("footage/door").glob("*.mkv"))


def test_a_network_camera_is_asked_for_its_stream_and_recorded_without_its_password_shown(
    edge_vad: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(has_rtsp_server(), "GStreamer's RTSP server")
    monkeypatch.setattr("edge_vad.sources.still.PATIENCE_S", 120)
    monkeypatch.setattr("edge_vad.cli.first_hour._learn", lambda *_: None)
    monkeypatch.setattr("edge_vad.cli.first_hour._finish", lambda *_: ("", ""))
    Path("frames").mkdir()
    with open_source("test://street?seed=1&size=192x128&frames=16") as street:
        for frame in street:
            cv2.imwrite(f"frames/{frame.index:06}.jpg", frame.image)
    account = ("admin", "hunter2")
    Path("login").write_text("admin:hunter2\n")
    with (
        RtspCamera(Path("frames").absolute(), account=account) as rtsp,
        OnvifCamera(f"rtsp://127.0.0.1:{rtsp.port}/live", account) as camera,
    ):
        words = ("init", f"gate={camera.source}", "--login-file", "login", "--yes")
        answer = edge_vad(*words, "--duration", "2s")
    assert answer.code == 0, answer.err
    assert [each[0] for each in commands(answer.out)] == ["config", "snapshot", "record"]
    assert list(Path("footage/gate").glob("*.mkv"))
    assert "hunter2" not in answer.out + answer.err + Path("site.toml").read_text()


def test_network_cameras_are_chosen_by_number_and_their_login_is_asked_for_once(
    edge_vad: Command, typed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_vad.sources.still.PATIENCE_S", 0.5)
    passwords = ["hunter2"]
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: passwords.pop())
    with OnvifCamera("rtsp://127.0.0.1:9/live", ("admin", "hunter2")) as camera:
        found = (Found((FoundCamera(camera.source, "Front door"),) * 2, ()),)
        monkeypatch.setattr("edge_vad.cli.new_cameras.ask_network", lambda *_: found[0])
        typed("3", "1 2", "gate", "admin", "yard")
        answer = edge_vad("init", "--onvif")
    assert f"2: {camera.source}: Front door" in answer.out
    assert "there is no number 3 in the list" in answer.err
    added = [each for each in commands(answer.out) if each[0] == "config"]
    assert [each[3] for each in added] == [f"gate={camera.source}", f"yard={camera.source}"]
    stream = "rtsp://admin:hunter2@127.0.0.1:9/live"
    for name, kept in (("cameras", "admin:hunter2"), ("gate", stream)):
        assert Path("secrets", name).read_text() == f"{kept}\n"
        assert Path("secrets", name).stat().st_mode & 0o777 == 0o600
    assert answer.code == 130  # there is no stream, and nobody types another address
    assert "Another address of gate (Enter: try again)" in answer.err
    assert "hunter2" not in answer.out + answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--yes",), "no camera was found that can be used here"),
        ((STREET,), "add --yes"),
        (("clip.mp4", "--yes"), "is a recording, and no camera"),
        ((STREET, "--yes", "--duration", "soon"), "no duration"),
        ((STREET, "--yes", "--ignore", "[[0, 0]]"), "is no region"),
        (("../x=0", "--yes"), "does not exist"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_written(
    edge_vad: Command, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    Path("clip.mp4").touch()
    answer = edge_vad("init", *words)
    assert answer.code == 2
    assert said in answer.err
    assert [each.name for each in Path().iterdir()] == ["clip.mp4"]


def test_a_scene_that_was_brought_along_is_not_learnt_again(
    edge_vad: Command, tiny_scene: Callable[..., Path], tmp_path: Path
) -> None:
    edge_vad("config", "add", "site.toml", STREET)
    shutil.move(tiny_scene(), "gate.onnx")
    answer = edge_vad("init", "--yes")
    assert answer.code == 0, answer.err
    assert [each[0] for each in commands(answer.out)] == ["config"]
    assert not (tmp_path / "runs" / "gate" / FILE_NAME).exists()


def test_a_machine_that_cannot_learn_is_told_before_anything_is_recorded(
    edge_vad: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(extra: str) -> list[str]:
        return ["torch"] if extra == "train" else []

    monkeypatch.setattr("edge_vad.cli.init.lacking", missing)
    answer = edge_vad("init", STREET, "--yes")
    assert answer.code == 4
    assert "not installed: torch" in answer.err
    assert not list(Path().iterdir())
