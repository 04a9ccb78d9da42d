"""A video of every event, with the seconds before and after it."""

from edge_vad.sinks.clips.sink import Clips

__all__ = ["Clips"]
