"""Timings of earlier builds, so that the next build of a like scene takes a fraction."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from edge_vad.backends.engine_cache import cache_home
from edge_vad.backends.tensorrt_library import Library
from edge_vad.files.atomic import write_whole

if TYPE_CHECKING:
    import tensorrt as trt

LOG = logging.getLogger("edge_vad.tensorrt")

_LARGEST = 256 * 2**20


def cache_path(library: Library, device_name: str) -> Path:
    """Where the timings of a device lie: in the user's cache folder."""
    return cache_home() / f"{library.target}-{library.version}-{device_name}.timing"


def use_cache(config: trt.IBuilderConfig, path: Path) -> str:
    """Give a builder the timings of earlier builds; says whether there were any."""
    try:
        earlier = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
    except OSError:
        earlier = b""  # most often there is none; the next build tries again
    if config.set_timing_cache(config.create_timing_cache(earlier), False):
        return "kept from earlier builds" if earlier else "new"
    LOG.warning("the timing cache %s is of another device or version; it is begun anew", path)
    config.set_timing_cache(config.create_timing_cache(b""), False)
    return "new"


def keep_cache(config: trt.IBuilderConfig, path: Path) -> None:
    """Keep a builder's timings for the next build; a folder that cannot be written is no error."""
    cache = config.get_timing_cache()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, bytes(memoryview(cache.serialize())))
    except OSError as error:
        LOG.warning("the timing cache %s cannot be kept (%s)", path, error.strerror)
