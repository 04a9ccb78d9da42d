"""Where frames come from."""

from edge_vad.sources.base import Source, SourceState
from edge_vad.sources.opening import open_source, open_sources

__all__ = ["Source", "SourceState", "open_source", "open_sources"]
