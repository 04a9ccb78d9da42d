"""edge-vad cameras: what is found, and what hinders it."""

from __future__ import annotations

import json

from edge_vad.discovery.plugged import PluggedCamera

FOUND = (
    PluggedCamera("/dev/video0", "Webcam", True, "/dev/video0"),
    PluggedCamera("/dev/video2", "vi-output, imx219", False, "csi://0"),
)


def test_every_camera_is_said_in_a_line_with_what_hinders_it(edge_vad, monkeypatch):
    monkeypatch.setattr("edge_vad.cli.cameras.find_plugged", lambda: FOUND)
    answer = edge_vad("cameras")
    assert answer.code == 0
    usb, csi, _, following = answer.out.splitlines()
    assert usb == "/dev/video0: Webcam"
    assert csi.startswith("csi://0: vi-output, imx219 (no right to read it: sudo usermod")
    assert following == "next: edge-vad init /dev/video0"


def test_programs_read_the_same(edge_vad, monkeypatch):
    monkeypatch.setattr("edge_vad.cli.cameras.find_plugged", lambda: FOUND)
    plugged = json.loads(edge_vad("cameras", "--json").out)["plugged"]
    assert [each["source"] for each in plugged] == ["/dev/video0", "csi://0"]


def test_without_a_camera_it_says_how_one_is_named(edge_vad, monkeypatch):
    monkeypatch.setattr("edge_vad.cli.cameras.find_plugged", lambda: ())
    assert "no camera is plugged in" in edge_vad("cameras").out
