from __future__ import annotations

import resource
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from edge_vad.errors import Unavailable
from edge_vad.opencv import cv2
from edge_vad.outputs.video import AnnotatedVideoFile


def test_a_video_has_all_its_pictures_at_its_rate(tmp_path):
    video = AnnotatedVideoFile(tmp_path / "annotated.mp4", 12.5, 640, 520)
    for level in range(20):
        video.write(np.full((520, 640, 3), 10 * level, np.uint8), level / 12.5)
    video.close()
    video.close()
    capture = cv2.VideoCapture(str(tmp_path / "annotated.mp4"))
    assert capture.get(cv2.CAP_PROP_FPS) == 12.5
    levels = []
    while (read := capture.read())[0]:
        levels.append(read[1].mean())
    assert len(levels) == 20
    np.testing.assert_allclose(levels, 10 * np.arange(20), atol=4)


def test_a_picture_is_shown_until_the_next_one_but_not_through_a_hole(tmp_path):
    video = AnnotatedVideoFile(tmp_path / "annotated.mp4", 10.0, 64, 48)
    for time_s in (7.0, 7.1, 7.5, 99.0, 99.1):
        video.write(np.zeros((48, 64, 3), np.uint8), time_s)
    video.close()
    assert cv2.VideoCapture(str(tmp_path / "annotated.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 8


def test_a_video_that_cannot_be_opened_says_what_to_do(tmp_path):
    with pytest.raises(Unavailable, match="--no-video"):
        AnnotatedVideoFile(tmp_path / "missing" / "annotated.mp4", 10.0, 64, 48)


def test_a_video_cut_off_by_a_full_disk_is_told(tmp_path):
    """A limit on the size of files stands in for the end of the disk."""
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        import numpy as np
        from edge_vad.errors import EdgeVadError
        from edge_vad.outputs.video import AnnotatedVideoFile

        noise = np.random.default_rng(0)
        video = AnnotatedVideoFile(Path(sys.argv[1]), 10.0, 640, 480)
        for at in range(30):
            video.write(noise.integers(0, 256, (480, 640, 3), np.uint8), at / 10)
        try:
            video.close()
        except EdgeVadError as error:
            print(error)
    """)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "annotated.mp4"],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        check=True,
    )
    assert "could not be written whole: free some space" in done.stdout
