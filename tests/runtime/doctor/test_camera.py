"""What OpenCV says of itself."""

from __future__ import annotations

from edge_vad.doctor.camera import read_features

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
