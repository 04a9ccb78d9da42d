"""Where frames come from."""

from edge_vad.sources.base import Source, SourceState

__all__ = ["Source", "SourceState"]
