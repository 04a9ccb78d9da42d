"""Cameras as they are written, and what is shown of them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.errors import WrongUse
from edge_vad.sources.addresses.address import CameraKind, CameraSpec, parse_camera
from edge_vad.sources.feeds.opencv import csi_pipeline


def parsed(text: str) -> CameraSpec:
    spec = parse_camera(text)
    assert spec is not None
    return spec


@pytest.mark.parametrize("text", ["0", "/dev/video0"])
def test_a_usb_camera_has_a_number_or_a_device(text: str) -> None:
    expected = CameraSpec(CameraKind.USB, "/dev/video0", "/dev/video0", "video0")
    assert parse_camera(text) == expected


def test_size_and_rate_can_be_asked_for() -> None:
    spec = parsed("/dev/video2?size=1280x720&fps=30")
    assert (spec.address, spec.size, spec.fps) == ("/dev/video2", (1280, 720), 30.0)


def test_a_csi_camera_is_a_pipeline_in_which_only_the_newest_frame_waits() -> None:
    pipeline = csi_pipeline(parsed("csi://1?size=640x480&fps=15"))
    assert "sensor-id=1 " in pipeline
    assert "width=640,height=480,framerate=15/1" in pipeline
    assert pipeline.endswith("appsink max-buffers=1 drop=true sync=false")


@pytest.mark.parametrize(
    ("camera", "shown"),
    [
        ("RTSP://host:554/live", "rtsp://host:554"),
        ("rtsp://admin:secret@host:554/live", "rtsp://host:554"),
        ("rtsp://admin:se@cret@host/live", "rtsp://..."),
        ("rtsp://host/user=admin_password=secret", "rtsp://host"),
        ("http://host/video?password=secret", "http://host"),
        ("http://host/video?password=se@cret", "http://..."),
    ],
)
def test_nothing_secret_of_an_address_is_shown(camera: str, shown: str) -> None:
    spec = parsed(camera)
    assert spec.shown == shown
    assert spec.address == camera
    told = f"{spec.shown} {spec.name} {spec!r}"
    assert not any(secret in told for secret in ("secret", "admin", "cret", "password"))


@pytest.mark.parametrize(
    "text",
    [
        "0?size=big",
        "0?size=64x48&size=64x48",
        "0?fps=nan",
        "0?speed=1",
        "csi://front",
        "rtsp://",
        "rtsp://admin:secret@/live",
        "rtsp://host:0/live",
        "rtsp://host:99999/secret",
        "http://host/sec ret",
        "rtsp://host/" + "secret" * 1000,
    ],
)
def test_a_broken_address_is_refused_without_repeating_secrets(text: str) -> None:
    with pytest.raises(WrongUse) as caught:
        parse_camera(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["street.mp4", "test://street", "ftp://host", "12345", ""])
def test_other_sources_are_no_cameras(text: str) -> None:
    assert parse_camera(text) is None


@given(st.text(), st.sampled_from(["", "0", "0?", "csi://", "rtsp://", "http://a:b@"]))
def test_any_text_is_read_or_refused_in_words(text: str, begin: str) -> None:
    with contextlib.suppress(WrongUse):
        parse_camera(begin + text)
