"""`decode=`: the unit that is asked for decodes, or it is told why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import simulated_unit
from numpy.typing import NDArray
from rtsp_camera import RtspCamera

from edge_vad.errors import BadInput, Unavailable, WrongUse
from edge_vad.sources import open_source
from edge_vad.sources.addresses.address import CameraSpec, parse_camera
from edge_vad.sources.connecting import demand_connectable
from edge_vad.sources.decoding import pipelines, units
from edge_vad.sources.feeds.opencv import OpenCvFeed
from edge_vad.sources.live_source import LiveSource

KEY_EVERY = 20
Pictures = list[NDArray[np.uint8]]


def write(
    path: Path,
    count: int = 60,
    codec: str = "libx264",
    size: tuple[int, int] = (96, 64),
    **more: str,
) -> Path:
    """Footage of a shape that moves over noise, with a key frame every 20."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(60, 190, (size[1] // 8, size[0] // 8, 3), np.uint8)
    ground = cv2.resize(coarse, size)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = more.pop("pix_fmt", "yuv420p")
        stream.gop_size, stream.options = KEY_EVERY, more
        for number in range(count):
            image = ground.copy()
            image[20:40, number : number + 20] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path


def frames_of(source: str) -> dict[int, NDArray[np.uint8]]:
    return {frame.index: frame.image for frame in open_source(source)}


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p"])
@pytest.mark.parametrize("bf", ["0", "2"])
def test_a_unit_gives_the_very_pictures_of_software(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pix_fmt: str, bf: str
) -> None:
    path = write(tmp_path / "a.mp4", pix_fmt=pix_fmt, bf=bf)
    simulated_unit.install(monkeypatch)
    software = frames_of(str(path))
    with open_source(f"{path}?decode=nvdec") as source:
        pictures = {frame.index: frame.image for frame in source}
        assert source.decoder == "nvdec"
    assert pictures.keys() == software.keys()
    assert len(software) == 60
    assert all(np.array_equal(pictures[at], software[at]) for at in software)


def test_auto_takes_the_unit_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.mp4", 10)
    for name in ("vaapi", "v4l2"):
        simulated_unit.install(monkeypatch, name)
        with open_source(f"{path}?decode=auto") as source:
            next(iter(source))
            assert source.decoder == name
    simulated_unit.remove_all(monkeypatch)
    with open_source(f"{path}?decode=auto") as source:
        next(iter(source))
        assert source.decoder == "software"


@pytest.mark.parametrize("is_silent", [False, True])
def test_a_stream_that_the_unit_refuses_is_decoded_in_software_and_that_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    is_silent: bool,
) -> None:
    path = write(tmp_path / "a.mp4", 240, bf="0")
    simulated_unit.install(monkeypatch, lasts=0, is_silent=is_silent)
    software = frames_of(str(path))
    with open_source(f"{path}?decode=nvdec") as source:
        pictures = [frame.image for frame in source]
        assert source.decoder.startswith("software (nvdec ")
    assert caplog.text.count("is decoded in software: nvdec ") == 1
    # All of them, but those that the unit took in before it was clear that it says nothing.
    assert len(pictures) == (140 if is_silent else 240)
    assert all(map(np.array_equal, reversed(pictures), reversed(software.values())))


def test_a_codec_that_the_unit_does_not_know_is_decoded_in_software_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a.avi", 10, "mpeg4")
    simulated_unit.install(monkeypatch)
    with open_source(f"{path}?decode=auto") as source:
        assert len(list(source)) == 10
        assert source.decoder == "software (NVDEC does not decode this)"
    assert "a.avi is decoded in software: NVDEC does not decode this" in caplog.text


def test_a_unit_that_dies_is_left_at_a_key_frame_and_no_picture_is_made_of_lost_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a.mp4", 200, bf="0")
    simulated_unit.install(monkeypatch, lasts=50)
    software = frames_of(str(path))
    with open_source(f"{path}?decode=nvdec") as source:
        pictures = {frame.index: frame.image for frame in source}
        assert source.skipped == 200 - len(pictures)
    assert caplog.text.count("is decoded in software: nvdec refuses the stream") == 1
    assert {*range(45), *range(120, 200)} <= pictures.keys() <= {*range(50), *range(120, 200)}
    assert all(np.array_equal(pictures[at], software[at]) for at in pictures)


@pytest.mark.parametrize("unit", units.UNITS, ids=lambda unit: unit.name)
def test_a_machine_without_the_unit_says_so_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: units.Unit
) -> None:
    path = write(tmp_path / "a.mp4", 3)
    simulated_unit.remove_all(monkeypatch)
    camera = parse_camera(f"rtsp://nobody.invalid/live#decode={unit.name}")
    assert isinstance(camera, CameraSpec)
    for opens in (
        lambda: open_source(f"{path}?decode={unit.name}"),
        lambda: open_source(f"{path}?realtime=1&decode={unit.name}"),
        lambda: LiveSource(camera),
        lambda: demand_connectable(camera),
    ):
        with pytest.raises(Unavailable, match=f"decode={unit.name}: there is no") as told:
            opens()
        assert "decode=auto" in told.value.todo


@pytest.mark.parametrize("unit", units.UNITS, ids=lambda unit: unit.name)
def test_what_this_very_machine_lacks_is_found_without_a_simulator(unit: units.Unit) -> None:
    lack = units.lack_of(unit)
    if not lack:
        pytest.skip(f"{unit.name} is here")
    assert unit.shown in lack
    assert "\n" not in lack


@pytest.mark.parametrize(
    "text", ["a.mp4?decode=gpu", "rtsp://cam/live#decode=cuda", "/dev/video0?decode="]
)
def test_a_wrong_value_names_the_right_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.mp4", 3)
    with pytest.raises(WrongUse) as told:
        open_source(text)
    assert "auto, software, nvdec, vaapi, v4l2" in told.value.todo


def test_a_camera_of_pictures_that_are_not_decoded_takes_no_unit() -> None:
    with pytest.raises(WrongUse, match="decode"):
        parse_camera("csi://0?decode=nvdec")


def test_pictures_are_no_video(frames: Callable[..., Path], tmp_path: Path) -> None:
    folder = frames(tmp_path / "pictures", 3)
    with pytest.raises(WrongUse, match="for video"):
        open_source(f"{folder}?decode=auto")


def test_a_usb_camera_is_decoded_in_hardware_on_a_jetson_alone() -> None:
    camera = parse_camera("/dev/video0?decode=vaapi")
    assert isinstance(camera, CameraSpec)
    with pytest.raises(Unavailable, match="USB cameras"):
        demand_connectable(camera)


def test_a_camera_says_what_decodes_it(rtsp: RtspCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    simulated_unit.install(monkeypatch)
    with open_source(f"{rtsp.url}#decode=auto") as source:
        assert next(iter(source)).image.shape == (128, 192, 3)
        assert source.decoder == "nvdec"


def test_pictures_are_scaled_as_they_are_decoded(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", 5, size=(192, 128))
    small = frames_of(f"{path}?size=96x64")
    whole = frames_of(str(path))
    assert {image.shape for image in small.values()} == {(64, 96, 3)}
    mean = whole[2].reshape(64, 2, 96, 2, 3).mean(axis=(1, 3))
    assert np.abs(small[2] - mean).mean() < 3.0


def test_pictures_are_not_squeezed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", 5, size=(192, 128))
    with pytest.raises(BadInput, match="192x128, and size=96x96 would squeeze") as told:
        frames_of(f"{path}?size=96x96")
    assert "size=96x64" in told.value.todo


class SimulatedPipelines:
    """OpenCV's GStreamer on a Jetson: notes the pipelines, and opens them or not."""

    def __init__(self, patch: pytest.MonkeyPatch, video: Path, *, refuses: bool = False) -> None:
        self.texts: list[str] = []
        self._video, self._refuses = str(video), refuses
        self._real = pipelines.cv2.VideoCapture
        patch.setattr(pipelines, "are_for_this_machine", lambda: True)
        patch.setattr(pipelines, "has_gstreamer", lambda: True)
        patch.setattr(pipelines.cv2, "VideoCapture", self._open)

    def _open(self, text: str, backend: int, *more: object) -> object:
        if backend != pipelines.cv2.CAP_GSTREAMER:
            return self._real(text, backend, *more)
        self.texts.append(text)
        return self._real("nothing" if self._refuses else self._video, pipelines.cv2.CAP_FFMPEG)


def test_a_jetson_scales_a_camera_inside_nvvidconv(
    rtsp: RtspCamera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated = SimulatedPipelines(monkeypatch, write(tmp_path / "a.mp4", 30))
    with open_source(f"{rtsp.url}#decode=nvdec&size=96x64") as source:
        next(iter(source))
        assert source.decoder == "nvv4l2decoder"
    assert simulated.texts[0].startswith(f'rtspsrc location="{rtsp.url}" protocols=tcp ')
    assert (
        "rtph264depay ! h264parse ! nvv4l2decoder ! nvvidconv ! "
        "video/x-raw,format=BGRx,width=96,height=64 ! " in simulated.texts[0]
    )


def test_a_camera_that_a_jetson_refuses_is_decoded_in_software_and_that_is_told(
    rtsp: RtspCamera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    SimulatedPipelines(monkeypatch, tmp_path, refuses=True)
    with open_source(f"{rtsp.url}#decode=v4l2") as source:
        assert next(iter(source)).image.shape == (128, 192, 3)
        assert source.decoder == "software (nvv4l2decoder refuses the stream)"
    assert "is decoded in software: nvv4l2decoder refuses the stream" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_jetson_decodes_a_recording_or_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a.mp4", 30)
    for refuses in (False, True):
        simulated = SimulatedPipelines(monkeypatch, path, refuses=refuses)
        with open_source(f"{path}?decode=auto") as source:
            assert len(list(source)) == 30
            assert source.decoder.startswith("software" if refuses else "nvv4l2decoder")
        assert simulated.texts[0].startswith(f'filesrc location="{path}" ! parsebin ! nvv4l2')
    assert "nvv4l2decoder refuses it" in caplog.text


def test_a_jetson_whose_opencv_lacks_gstreamer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelines, "are_for_this_machine", lambda: True)
    monkeypatch.setattr(pipelines, "has_gstreamer", lambda: False)
    for address in ("rtsp://cam/live#decode=nvdec", "/dev/video0?decode=v4l2"):
        camera = parse_camera(address)
        assert isinstance(camera, CameraSpec)
        with pytest.raises(Unavailable, match="without GStreamer"):
            demand_connectable(camera)


def test_a_jetson_decodes_the_jpeg_pictures_of_a_usb_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated = SimulatedPipelines(monkeypatch, write(tmp_path / "a.mp4", 5))
    camera = parse_camera("/dev/video0?decode=auto&size=1280x720&fps=30")
    assert isinstance(camera, CameraSpec)
    feed = OpenCvFeed(camera, 1.0)
    assert feed.read(None).shape == (64, 96, 3)
    assert feed.decoder == "nvv4l2decoder"
    feed.close()
    assert simulated.texts[0].startswith(
        "v4l2src device=/dev/video0 ! image/jpeg,width=1280,height=720,framerate=30/1 ! "
        "nvv4l2decoder mjpeg=1 ! nvvidconv ! "
    )


def test_what_is_played_like_a_camera_is_converted_only_where_it_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_vad.sources.decoding.pyav import Converter

    path, converted = write(tmp_path / "a.mp4", 50), []
    real = Converter.convert

    def counted(self: Converter, frame: av.VideoFrame) -> NDArray[np.uint8]:
        converted.append(frame.pts)
        return real(self, frame)

    monkeypatch.setattr(Converter, "convert", counted)
    with open_source(f"{path}?realtime=1") as source:
        list(source.play(5.0))
    assert 8 <= len(converted) <= 14
