"""What a scene model's file may hold, whoever wrote it.

A scene model comes from elsewhere, and what runs it believes every word of it: it would read other
files, loop for ever, or take all memory. Here it is held to what the exporter writes, before any of
that sees it.
"""

from __future__ import annotations

from edge_vad.scene_file.digest import append_digest
from edge_vad.scene_file.parsing import LARGEST_FILE
from edge_vad.scene_file.reading import check, metadata, read

__all__ = ["LARGEST_FILE", "append_digest", "check", "metadata", "read"]
