"""Which kind of video this OpenCV can write that browsers play."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Codec(NamedTuple):
    """A kind of video.

    Attributes:
        fourcc: What OpenCV calls it.
        written: Ending of the file that is being written.
        ending: Ending of the file that is whole.
    """

    fourcc: str
    written: str
    ending: str


H264 = Codec("avc1", ".mp4", ".mp4")
VP8 = Codec("VP80", ".mkv", ".webm")
"""WebM is a kind of Matroska. OpenCV writes the same for either, but complains about WebM."""
_TRIAL_S = 30
_TRIAL = """
import sys, cv2, numpy
frame = numpy.zeros((48, 64, 3), numpy.uint8)
writer = cv2.VideoWriter(sys.argv[1], cv2.VideoWriter.fourcc(*"avc1"), 10, (64, 48))
for _ in range(3):
    writer.write(frame)
writer.release()
sys.exit(not cv2.VideoCapture(sys.argv[1]).read()[0])
"""


@cache
def browser_codec() -> Codec:
    """H.264 in MP4 where this OpenCV can write it, or else VP8 in WebM, which its wheels can.

    It is tried in a process of its own: FFmpeg complains on the terminal about what it lacks.
    """
    with tempfile.TemporaryDirectory() as folder:
        trial = [sys.executable, "-c", _TRIAL, str(Path(folder, "trial.mp4"))]
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and words
                trial, capture_output=True, timeout=_TRIAL_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return VP8
    return H264 if done.returncode == 0 else VP8
