"""edge-vad config add, source, ignore and notify: a site file is made and changed by commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_vad.site.reading import read_site
from edge_vad.site.sources import source_of
from edge_vad.sources.addresses.address import CameraSpec

Command = Callable[..., Any]
ADDRESS = "rtsp://admin:hunter2@10.0.0.2/stream?token=hunter2"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_address_of_a_network_camera_is_kept_apart_for_its_owner_alone(
    edge_vad: Command, tmp_path: Path
) -> None:
    answer = edge_vad("config", "add", "site.toml", f"gate={ADDRESS}")
    assert answer.code == 0, answer.err
    assert "next: edge-vad record --config site.toml --camera gate" in answer.out
    text = Path("site.toml").read_text()
    assert "hunter2" not in text + answer.out + answer.err
    kept = Path("secrets/gate")
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    (camera,) = read_site(Path("site.toml")).cameras
    spec = source_of(camera, tmp_path)
    assert isinstance(spec, CameraSpec)
    assert spec.address == ADDRESS


def test_a_camera_that_is_there_keeps_its_secret(edge_vad: Command) -> None:
    edge_vad("config", "add", "site.toml", f"gate={ADDRESS}")
    again = edge_vad("config", "add", "site.toml", "gate=rtsp://other:pw@10.0.0.3/1")
    assert again.code == 2
    assert "has a camera gate already" in again.err
    assert Path("secrets/gate").read_text().strip() == ADDRESS


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("/dev/video0",), "video0"),
        (("csi://1",), "csi1"),
        (("rtsp://10.0.0.2/1",), "rtsp_10_0_0_2"),
        (("gate", "--source-file", "given"), "gate"),
    ],
)
def test_a_camera_without_a_name_is_called_by_its_address(
    edge_vad: Command, words: tuple[str, ...], name: str
) -> None:
    Path("given").write_text("rtsp://10.0.0.9/1\n")
    answer = edge_vad("config", "add", "folder/site.toml", *words)
    assert answer.code == 0, answer.err
    (camera,) = read_site(Path("folder/site.toml")).cameras
    assert (camera.name, camera.scene, camera.footage) == (
        name,
        f"{name}.onnx",
        (f"footage/{name}",),
    )
    source_of(camera, Path("folder"))


def test_a_camera_gets_another_source_and_what_is_said_of_it_stays(edge_vad: Command) -> None:
    edge_vad("config", "add", "site.toml", f"gate={ADDRESS}")
    site = Path("site.toml")
    site.write_text(site.read_text() + "fps = 8  # is enough\n")
    answer = edge_vad("config", "source", "site.toml", "gate=/dev/video2")
    assert answer.code == 0, answer.err
    (camera,) = read_site(site).cameras
    assert (camera.source, camera.source_file, camera.fps) == ("/dev/video2", None, 8)
    other = ADDRESS.replace("10.0.0.2", "10.0.0.3")
    back = edge_vad("config", "source", "site.toml", f"gate={other}")
    (camera,) = read_site(site).cameras
    assert (camera.source, camera.source_file) == (None, "secrets/gate")
    assert Path("secrets/gate").read_text().strip() == other
    assert "fps = 8  # is enough" in site.read_text()
    assert "hunter2" not in site.read_text() + back.out + back.err


def test_only_a_camera_that_is_there_gets_another_source(edge_vad: Command) -> None:
    edge_vad("config", "add", "site.toml", "gate=/dev/video0")
    before = Path("site.toml").read_text()
    answer = edge_vad("config", "source", "site.toml", f"yard={ADDRESS}")
    assert answer.code == 2
    assert "there is no camera 'yard'" in answer.err
    assert not Path("secrets").exists()
    assert Path("site.toml").read_text() == before


def test_a_name_that_no_camera_may_have_leaves_nothing_behind(edge_vad: Command) -> None:
    answer = edge_vad("config", "add", "site.toml", "../gate", "--source-file", "x")
    assert answer.code == 2
    assert "no name of a camera" in answer.err
    assert not list(Path().iterdir())


def test_regions_are_added_to_those_that_are_ignored(edge_vad: Command) -> None:
    edge_vad("config", "add", "site.toml", "gate=0")
    clock, tree = "[[0, 0], [200, 0], [200, 80.5]]", "[[5, 5], [9, 5], [9, 9]]"
    for region in (clock, tree):
        answer = edge_vad("config", "ignore", "site.toml", "gate", region)
        assert answer.code == 0, answer.err
    (camera,) = read_site(Path("site.toml")).cameras
    assert camera.decision.ignore == (
        ((0, 0), (200, 0), (200, 80.5)),
        ((5, 5), (9, 5), (9, 9)),
    )
    assert edge_vad("config", "ignore", "site.toml", "yard", clock).code == 2
    assert edge_vad("config", "ignore", "site.toml", "gate", "[[0, 0], [1, 1]]").code == 2


def test_somebody_is_notified_once_by_an_address_that_stays_in_its_file(edge_vad: Command) -> None:
    edge_vad("config", "add", "site.toml", "gate=0")
    Path("phone").write_text("json://user:hunter2@127.0.0.1:1/\n")
    answer = edge_vad("config", "notify", "site.toml", "phone", "--picture")
    assert answer.code == 0, answer.err
    assert "next: edge-vad notify --config site.toml" in answer.out
    (notice,) = read_site(Path("site.toml")).sinks.notify
    assert (notice.name, notice.picture) == ("phone", True)
    assert notice.address_file == str(Path("phone").absolute())
    assert "hunter2" not in Path("site.toml").read_text()
    assert edge_vad("config", "notify", "site.toml", "phone").code == 2
