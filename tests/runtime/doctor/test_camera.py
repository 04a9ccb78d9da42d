"""What OpenCV says of itself, and the cameras that the system shows."""

from __future__ import annotations

from pathlib import Path

from edge_vad.doctor.camera import list_cameras, read_features

BUILD = """
  GUI:                           NONE
  Video I/O:
    FFMPEG:                      YES
      avcodec:                   YES (59.37.100)
    GStreamer:                   {gstreamer}
    v4l/v4l2:                    YES (linux/videodev2.h)
"""


def test_what_opencv_was_built_without_is_told_with_the_mend() -> None:
    features = {each.name: each for each in read_features(BUILD.format(gstreamer="NO"), False)}
    assert [name for name, each in features.items() if each.present] == ["V4L2", "FFmpeg"]
    assert "linux/videodev2.h" in features["V4L2"].detail
    assert "apt install python3-opencv" in (features["GStreamer"].mend or "")
    assert "edge-vad[gui]" in (features["windows"].mend or "")


def test_on_a_jetson_the_systems_own_opencv_is_the_mend() -> None:
    lacking, _, _, windows = read_features(BUILD.format(gstreamer="NO"), True)
    assert "pip uninstall" in (lacking.mend or "")
    assert lacking.mend == windows.mend
    assert read_features(BUILD.format(gstreamer="YES (1.20.3)"), True)[0].present


def test_cameras_are_listed_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number, name in ((10, "Ten"), (2, None)):
        (tmp_path / "dev").mkdir(exist_ok=True)
        (tmp_path / f"dev/video{number}").touch()
        if name:
            folder = tmp_path / f"sys/class/video4linux/video{number}"
            folder.mkdir(parents=True)
            (folder / "name").write_text(f"{name}\n")
    assert [(each.path, each.name) for each in list_cameras(tmp_path)] == [
        ("/dev/video2", "unnamed"),
        ("/dev/video10", "Ten"),
    ]
