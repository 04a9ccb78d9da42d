"""Where ONNX Runtime keeps the engines that TensorRT builds for it."""

from __future__ import annotations

import hashlib
import logging
import os
from importlib import import_module
from pathlib import Path

import msgspec

from edge_vad.device.fingerprint import read_fingerprint

_LOG = logging.getLogger("edge_vad.backends")


def engine_cache(graph: Path | bytes) -> Path | None:
    """The folder for a graph's engines on this device, by these versions; None where none can be.

    ONNX Runtime's own check does not see an upgrade of TensorRT or of the driver, so the folder is
    named after all that an engine depends on. Says when the engines have yet to be built.
    """
    if isinstance(graph, bytes):
        return None
    folder = cache_home() / "onnxruntime-tensorrt" / _key(graph)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        hit = any(folder.glob("*.engine"))
    except OSError as error:
        _LOG.warning(
            "%s cannot be written (%s): TensorRT builds engines at every start",
            folder,
            error.strerror,
        )
        return None
    if not hit:
        _LOG.warning(
            "TensorRT builds engines for %s, which may take minutes; kept in %s", graph, folder
        )
    return folder


def cache_home() -> Path:
    """The folder for what can be made again, of this user alone."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".cache") / "edge-vad"


def _key(graph: Path) -> str:
    digest = hashlib.sha256(graph.read_bytes())
    digest.update(import_module("onnxruntime").__version__.encode())
    digest.update(msgspec.json.encode(read_fingerprint()))
    return digest.hexdigest()[:24]
