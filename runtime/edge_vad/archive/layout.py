"""What lies where in the folder of an archive's results."""

from __future__ import annotations

MANIFEST = "archive.json"
"""By what scene and settings everything in the folder was scored."""
TABLE = "scores.parquet"
"""All frames of all clips."""
EVENTS = "events"
"""Folder of the store of all events."""
RESULT = "result.json"
"""In a clip's folder: what came of it. It is written last."""
PICTURES = "events"
"""In a clip's folder: a picture of each event, named by its number."""
PARTIAL = ".partial"
"""Folder of clips that are being scored."""
