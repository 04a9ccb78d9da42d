"""The events of all cameras in one folder: a SQLite database, pictures and clips."""

from edge_vad.sinks.store.reading import StoredEvents
from edge_vad.sinks.store.writing import EventStore

__all__ = ["EventStore", "StoredEvents"]
