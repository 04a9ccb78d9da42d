"""What a benchmark is to measure: scenes, footage, settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_vad_bench.schema import BenchmarkSettings


@dataclass(frozen=True)
class Task:
    """What is to be measured.

    Attributes:
        scenes: The scene models.
        source: What `edge_vad.open_source` takes.
        settings: The same, as the report records it.
        trained: Folder of the training, for the baselines; None without.
        on_progress: Called with a line of text at every step.
    """

    scenes: tuple[Path, ...]
    source: str
    settings: BenchmarkSettings
    trained: Path | None
    on_progress: Callable[[str], None]
