from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.errors import Unavailable
from edge_vad.false_alarms import parse_rate
from edge_vad.opencv import cv2
from edge_vad.sinks.window import Windows, check_display, scaled_rate

HEADLESS = "General\n  GUI:                           NONE\n    VTK support: NO\n"
QT = "General\n  GUI:                           QT5\n    QT: YES\n"


def test_an_opencv_without_windows_is_one_clear_error():
    with pytest.raises(Unavailable, match=r"has no windows.*edge-vad\[gui\]"):
        check_display(HEADLESS, {"DISPLAY": ":0"})


def test_a_machine_without_a_display_is_one_clear_error():
    with pytest.raises(Unavailable, match="no display"):
        check_display(QT, {"DISPLAY": "", "HOME": "/"})


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_windows_and_a_display_are_all_it_takes(variable):
    check_display(QT, {variable: ":0"})


def test_the_headless_wheel_of_the_tests_says_so(monkeypatch):
    if "NONE" not in cv2.getBuildInformation().split("GUI:")[1].split("\n")[0]:
        pytest.skip("this OpenCV has windows")
    monkeypatch.setenv("DISPLAY", ":0")
    with pytest.raises(Unavailable, match="has no windows"):
        Windows(SimpleNamespace(cameras=[]))


@pytest.fixture
def windows(monkeypatch):
    """Windows that never open, as no frame comes; what they command is written down."""
    monkeypatch.setattr("edge_vad.sinks.window.check_display", lambda *_: None)
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    commanded = []
    site = SimpleNamespace(
        cameras=[SimpleNamespace(name="gate", card=None)],
        false_alarms=lambda camera: "3/day",
        accept=lambda camera, rate: commanded.append((camera, rate)),
        pause=lambda paused: commanded.append(("pause", paused)),
        stop=lambda: commanded.append("stop"),
    )
    sink = Windows(site)
    yield sink, commanded
    sink.close(5)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("  ", [("pause", True), ("pause", False)]),
        ("+=-", [("gate", "6/day"), ("gate", "6/day"), ("gate", "1.5/day")]),
        ("q\x1b", ["stop", "stop"]),
        ("xyz", []),
    ],
)
def test_keys_pause_change_the_threshold_and_quit(windows, keys, expected):
    sink, commanded = windows
    for key in keys:
        sink.handle_key(ord(key))
    sink.handle_key(-1)
    assert commanded == expected


@given(
    number=st.floats(1e-6, 1e6),
    unit=st.sampled_from(["minute", "hour", "day", "week"]),
    factor=st.sampled_from([0.5, 2.0]),
)
def test_a_scaled_rate_is_a_rate(number, unit, factor):
    rate = f"{number:.6f}/{unit}"
    if float(f"{number:.6f}") == 0:
        return
    assert parse_rate(scaled_rate(rate, factor)) > 0
