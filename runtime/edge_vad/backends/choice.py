"""The backend `auto`: the fastest that works here, and a word on why."""

from __future__ import annotations

import logging
from collections.abc import Callable

from edge_vad.backends.base import Backend
from edge_vad.errors import BadModel, EdgeVadError, Unavailable

LOG = logging.getLogger("edge_vad.backends")

ORDER = (
    "tensorrt",
    "tensorrt-rtx",
    "onnxruntime-cuda",
    "onnxruntime-openvino",
    "onnxruntime",
)
"""From fast to slow. Not `onnxruntime-tensorrt`, which would build engines for minutes unasked."""


def choose_backend(load: Callable[[str], Backend], order: tuple[str, ...] = ORDER) -> Backend:
    """Load the first backend that works, and log which one it is and what the others lacked.

    It is logged as a warning, which Python shows unless told otherwise: never in silence.

    Args:
        load: Loads a backend by its name.
        order: Names, the preferred one first.

    Raises:
        Unavailable: None works.
        BadModel: None works, and the last one blames the scene model.
    """
    reasons = []
    failure: EdgeVadError | None = None
    for name in order:
        try:
            backend = load(name)
        except (Unavailable, BadModel) as error:
            reasons.append(f"{name}: {error.what}")
            failure = error
            continue
        LOG.warning("%s", "\n  ".join([f"backend: {name}, chosen by auto", *reasons]))
        return backend
    if isinstance(failure, BadModel):
        raise failure
    raise Unavailable(
        f"no backend works here ({'; '.join(reasons)})",
        "run edge-vad doctor, which tells how to mend each",
    )
