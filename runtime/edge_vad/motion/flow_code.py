"""The code that measures optical flow: a scene is trained and run with the same.

OpenCV's DIS gives the same numbers from 4.8 to the newest 4, once epsilon is set; those of OpenCV 5
differ by up to 1.7 px, and with them scores by as much as a threshold.
"""

from __future__ import annotations

from edge_vad.errors import Unavailable
from edge_vad.opencv import cv2

EPSILON = 0.001
"""Of the variational refinement: the one that OpenCV 4.8, which cannot be told, has."""


def code_of(version: str) -> str:
    """The name of the code in this version of OpenCV.

    Example:
        >>> code_of("4.14.0")
        'DIS of OpenCV 4'
    """
    return f"DIS of OpenCV {version.partition('.')[0]}"


FLOW_CODE = code_of(cv2.__version__)
"""Of this machine."""


def refuse_other_code(code: str) -> None:
    """See to it that motion is measured as it was learnt.

    Args:
        code: What measured the flow that a scene was learnt from.

    Raises:
        Unavailable: It is not what measures here.
    """
    if code != FLOW_CODE:
        major = code.rpartition(" ")[2]
        wanted = f"'opencv-python-headless=={major}.*'" if major.isdigit() else "that code"
        raise Unavailable(
            f"the scene's motion was measured by {code[:60]}, and here is {FLOW_CODE}",
            f"pip install {wanted}, or train the scene again with what is here",
        )
