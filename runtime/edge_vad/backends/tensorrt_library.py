"""Loads TensorRT or TensorRT-RTX, which share one API."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING
from weakref import WeakSet

from edge_vad.device.tensorrt import TARGET_NAMES, Target, import_library
from edge_vad.errors import Unavailable

if TYPE_CHECKING:
    import tensorrt as trt

LOG = logging.getLogger("edge_vad.tensorrt")

_OLDEST = 10
_MENDS = {
    "tensorrt": (
        "on a Jetson make the environment with python3 -m venv --system-site-packages, elsewhere "
        "run pip install 'edge-vad[tensorrt]'; or use --backend onnxruntime"
    ),
    "rtx": (
        "run pip install 'edge-vad[rtx]', which there is for x86-64 Linux, or use "
        "--backend onnxruntime"
    ),
}


@dataclass(frozen=True)
class Library:
    """TensorRT or TensorRT-RTX, loaded.

    Attributes:
        target: Which of the two.
        version: Such as `10.3.0`.
        api: The Python module.
    """

    target: Target
    version: str
    api: ModuleType


@cache
def load_library(target: Target) -> Library:
    """Load what builds and runs engines of a target.

    Raises:
        Unavailable: It is not on this machine, or too old.
    """
    name = TARGET_NAMES[target]
    try:
        api = import_library(target)
    except Exception as error:  # noqa: BLE001 - a library that cannot be loaded raises what it likes
        raise Unavailable(
            f"{name} cannot be loaded on this machine ({_first_line(error)})", _MENDS[target]
        ) from None
    version = str(api.__version__)
    if target == "tensorrt" and int(version.split(".")[0]) < _OLDEST:
        raise Unavailable(
            f"{name} {version} is too old: engines need strongly typed networks",
            "update to TensorRT 10.3 or newer, which is JetPack 6.1 on a Jetson",
        )
    return Library(target, version, api)


class Messages:
    """What the library says from now on: warnings go to the log, errors are kept for an exception.

    Attributes:
        last_error: The first line of the newest error.
        layers: Lines in which a builder describes the layers of an engine.
        logger: What the library takes.
    """

    def __init__(self, library: Library) -> None:
        self.last_error = "no reason was given"
        self.layers: list[str] = []
        self.logger = _the_logger(library)
        _LOGS.add(self)

    def receive(self, level: int, message: str) -> None:
        """Take in a message."""
        if "LayerType: " in message:
            self.layers += message.splitlines()
        elif level >= logging.ERROR:
            self.last_error = _first_line(message)


_LOGS: WeakSet[Messages] = WeakSet()


def _dispatch(level: int, message: str) -> None:
    for each in tuple(_LOGS):
        each.receive(level, message)
    if level >= logging.ERROR:
        LOG.debug(message)  # it becomes an exception
    elif level > logging.DEBUG:
        LOG.log(level, message)


def sizes_of(dims: trt.Dims) -> tuple[int, ...]:
    """The sizes of a shape; -1 where it is dynamic."""
    return tuple(int(dims[index]) for index in range(len(dims)))


@cache
def _the_logger(library: Library) -> trt.ILogger:
    """The one logger of a process: the library goes on with the first, whatever else is given."""
    if not TYPE_CHECKING:
        trt = library.api
    severity = trt.ILogger.Severity
    levels = {
        severity.INTERNAL_ERROR: logging.CRITICAL,
        severity.ERROR: logging.ERROR,
        severity.WARNING: logging.WARNING,
        severity.INFO: logging.INFO,
        severity.VERBOSE: logging.DEBUG,
    }

    class Logger(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: trt.ILogger.Severity, msg: str) -> None:
            _dispatch(levels[severity], msg)

    return Logger()


def _first_line(error: object) -> str:
    return str(error).strip().split("\n", 1)[0]
