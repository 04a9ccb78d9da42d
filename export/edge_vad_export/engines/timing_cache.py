"""Timings of earlier builds, so that the next build of a like scene takes a fraction."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from edge_vad.backends.tensorrt_library import Library

if TYPE_CHECKING:
    import tensorrt as trt

LOG = logging.getLogger("edge_vad.tensorrt")

_LARGEST = 256 * 2**20


def cache_path(library: Library, device_name: str) -> Path:
    """Where the timings of a device lie: in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "edge-vad" / f"{library.target}-{library.version}-{device_name}.timing"


def use_cache(config: trt.IBuilderConfig, path: Path) -> str:
    """Give a builder the timings of earlier builds; says whether there were any."""
    earlier, said = b"", "new"
    if path.is_file() and path.stat().st_size <= _LARGEST:
        earlier, said = path.read_bytes(), "kept from earlier builds"
    if not config.set_timing_cache(config.create_timing_cache(earlier), False):
        LOG.warning("the timing cache %s is of another device or version; it is begun anew", path)
        config.set_timing_cache(config.create_timing_cache(b""), False)
        said = "new"
    return said


def keep_cache(config: trt.IBuilderConfig, path: Path) -> None:
    """Keep a builder's timings for the next build; a folder that cannot be written is no error."""
    cache = config.get_timing_cache()
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(memoryview(cache.serialize()))
        staged.replace(path)
    except OSError as error:
        LOG.warning("the timing cache %s cannot be kept (%s)", path, error.strerror)
    finally:
        staged.unlink(missing_ok=True)
