"""What a file or the environment holds is a source, or an error that does not repeat it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from edge_vad.errors import BadInput, EdgeVadError, WrongUse
from edge_vad.site.settings import CameraSettings
from edge_vad.site.sources import source_of
from edge_vad.sources.addresses.address import CameraSpec

SECRET = "hunter2"  # noqa: S105


def camera(**source: str) -> CameraSettings:
    return CameraSettings(name="yard", scene="yard.onnx", **source)


def address(camera: CameraSettings, folder: Path) -> str:
    spec = source_of(camera, folder)
    assert isinstance(spec, CameraSpec)
    return spec.address


def test_a_source_may_stand_in_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("YARD", raising=False)
    with pytest.raises(WrongUse, match="YARD"):
        source_of(camera(source_env="YARD"), tmp_path)
    monkeypatch.setenv("YARD", "rtsp://host/live")
    assert address(camera(source_env="YARD"), tmp_path) == "rtsp://host/live"
    (tmp_path / "secret").write_text("rtsp://host/other\n")
    assert address(camera(source_file="secret"), tmp_path) == "rtsp://host/other"


def test_a_source_may_come_out_of_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("rtsp://host/live\n"))
    writer.start()
    handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # the writer waits for a reader
    try:
        assert address(camera(source_file="pipe"), tmp_path) == "rtsp://host/live"
    finally:
        os.close(handle)
        writer.join()


def test_what_a_writer_that_has_left_put_into_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        pipe.write_text("rtsp://host/live\n")
        assert address(camera(source_file="pipe"), tmp_path) == "rtsp://host/live"
    finally:
        os.close(handle)


CONTENTS = [
    SECRET,
    f"rtsp:/admin:{SECRET}@host/live",
    f"rtsp:/host/live?token={SECRET}",
    f"rtsp//admin:{SECRET}@host/live",
    f"ftp://admin:{SECRET}@host/live",
    f"{SECRET}://host/live",
    f"rtsp://admin:{SECRET}@[host/live",
    f"rtsp://admin:{SECRET}@host:port/live",
    f"/dev/video0?{SECRET}",
    f"/dev/video0?{SECRET}=1",
    f"/dev/video0?size={SECRET}",
    f"csi://{SECRET}",
    f"test://street?{SECRET}=1",
    f"test://street?seed={SECRET}",
    f"test://{SECRET}",
    f"/dev:{SECRET}",
    f"-----BEGIN KEY-----\n{SECRET}\n-----END KEY-----",
    f"rtsp://host/live\n{SECRET}",
    "x" * 5000 + SECRET,
    f"a\0{SECRET}",
    "",
]


@pytest.mark.parametrize("content", CONTENTS)
def test_a_wrong_file_is_never_repeated(content: str, tmp_path: Path) -> None:
    (tmp_path / "source").write_text(content)
    with pytest.raises(EdgeVadError, match="source") as refused:
        source_of(camera(source_file="source"), tmp_path)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("content", [each for each in CONTENTS if each and "\0" not in each])
def test_a_wrong_variable_is_never_repeated(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YARD", content)
    with pytest.raises(EdgeVadError, match="YARD") as refused:
        source_of(camera(source_env="YARD"), tmp_path)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("key", ["source", "source_file"])
@pytest.mark.parametrize(
    "text",
    [
        f"rtsp:/host/x?token={SECRET}",
        f"rtsp:/admin:{SECRET}@host/x",
        f"rtsp//admin:{SECRET}@host/x",
        f"admin:{SECRET}@host/x",
        f"{SECRET}@host",
        f"host:554/user=admin_password={SECRET}",
        f"rtsp:host/{SECRET}",
        f"http:/host/snap.jpg#{SECRET}",
        f"host/x;token={SECRET}",
    ],
)
def test_a_malformed_address_shows_no_secret(key: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(EdgeVadError) as refused:
        source_of(camera(**{key: text}), tmp_path)
    assert SECRET not in str(refused.value)


def test_an_address_in_the_place_of_a_scene_shows_no_secret() -> None:
    from edge_vad.errors import BadModel
    from edge_vad.scene_model import SceneModel

    with pytest.raises(BadModel) as refused:
        SceneModel.read(f"rtsp://admin:{SECRET}@host/live")
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("place", ["/dev/zero", "/dev/urandom", "/dev/tty", "/proc", "none"])
def test_what_is_no_plain_file_is_not_read(place: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        source_of(camera(source_file=place), tmp_path)


def test_a_pipe_that_nobody_writes_into_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput):
        source_of(camera(source_file="pipe"), tmp_path)
