"""Events are written before they are told: to a file, of which one process is the owner."""

from edge_vad.sinks.journal.journal import Journal

__all__ = ["Journal"]
