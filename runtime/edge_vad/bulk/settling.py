"""What holds for a worker before it does its first job."""

from __future__ import annotations

import os

from edge_vad.files.atomic import keep_to_owner, usual_umask

_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def settle(threads: int, umask: int | None = None) -> None:
    """Keep this process to so many threads, and what it writes to its owner.

    To be called before numpy and others are imported, as they read these limits once.

    Args:
        threads: Threads that it may compute with. Results may depend on how many there are.
        umask: Of the user; that of this process when None.
    """
    os.environ.update(dict.fromkeys(_LIMITS, str(threads)))
    keep_to_owner(usual_umask() if umask is None else umask)
    from edge_vad.opencv import cv2

    cv2.setNumThreads(threads)
