"""edge-vad snapshot: one picture of whatever is watched."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest


def test_the_first_picture_of_a_street_is_written_for_its_owner_alone(edge_vad, tmp_path):
    out = tmp_path / "pictures" / "street.jpg"
    answer = edge_vad("snapshot", "test://street?seed=1&size=192x144", "--out", out)
    assert answer.code == 0, answer.err
    assert answer.out == f"{out}: 192x144\n"
    assert cv2.imread(str(out)).shape == (144, 192, 3)
    assert (out.stat().st_mode & 0o777, out.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_camera_of_a_site_is_shown_with_lines_that_say_where_its_pixels_are(
    edge_vad, tmp_path, make
):
    make.avi(tmp_path / "clip.avi", [np.full((96, 128, 3), 60, np.uint8)] * 30)
    (tmp_path / "site.toml").write_text(
        '[[cameras]]\nname = "gate"\nscene = "x.onnx"\n'
        f'source = "{tmp_path}/clip.avi?realtime=1&loop=1"\n'
    )
    words = ("snapshot", "--config", tmp_path / "site.toml", "--camera", "gate")
    for more in ([], ["--grid"]):
        answer = edge_vad(*words, *more, "--out", tmp_path / f"{len(more)}.jpg")
        assert answer.code == 0, answer.err
    plain, lines = (cv2.imread(str(tmp_path / f"{each}.jpg")).astype(int) for each in (0, 1))
    assert abs(plain - 60).max() < 15
    assert (lines[:, 40] - plain[:, 40]).mean() > 40  # a line at 40 px
    assert abs(lines[50:58, 50:58] - plain[50:58, 50:58]).mean() < 15


@pytest.mark.parametrize(
    "words", [(), ("0", "--config", "site.toml"), ("--config", "site.toml"), ("--camera", "gate")]
)
def test_what_is_to_be_shown_is_said_once(edge_vad, words):
    answer = edge_vad("snapshot", *words, "--out", "x.jpg")
    assert answer.code == 2
    assert "give SOURCE, or --config and --camera" in answer.err
    assert not Path("x.jpg").exists()


def test_a_camera_that_does_not_answer_is_an_error_without_its_password(
    edge_vad, tmp_path, monkeypatch
):
    monkeypatch.setattr("edge_vad.sources.still.PATIENCE_S", 1.0)
    out = tmp_path / "x.jpg"
    answer = edge_vad("snapshot", "rtsp://admin:hunter2@127.0.0.1:9/hunter2", "--out", out)
    assert answer.code == 5
    assert "sent no picture within 1 s" in answer.err
    assert "hunter2" not in answer.err + answer.out
    assert not out.exists()
