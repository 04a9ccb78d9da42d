"""Reads and writes reports; what is on the disk is always whole."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge_vad.errors import BadInput
from edge_vad.files.atomic import write_whole
from edge_vad.files.bounded import read_bounded
from edge_vad_bench.schema import SCHEMA, BenchmarkReport

FILE_NAME = "bench.json"
_LARGEST = 256 << 20


class _SchemaOnly(msgspec.Struct):
    schema: int


def write(path: Path, report: BenchmarkReport) -> None:
    """Write a report, whole or not at all."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(report), indent=1))


def read(path: Path) -> BenchmarkReport:
    """Read a report and check it.

    Args:
        path: The JSON file, or the folder that `edge-vad bench --out` was given.

    Raises:
        BadInput: It is missing, no report, broken, or of another schema.
    """
    if path.is_dir():
        path = path / FILE_NAME
    try:
        content = read_bounded(path, _LARGEST)
        schema = msgspec.json.decode(content, type=_SchemaOnly).schema
        if schema > SCHEMA:
            raise BadInput(
                f"{path} has schema {schema}, and this version reads {SCHEMA}",
                "update edge-vad",
            )
        if schema < SCHEMA:
            raise BadInput(
                f"{path} has schema {schema}, and this version reads {SCHEMA}",
                "measure again with edge-vad bench",
            )
        return msgspec.json.decode(content, type=BenchmarkReport)
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(
            f"{path} cannot be read as a benchmark report ({error})",
            "give a file that edge-vad bench wrote",
        ) from None


def read_all(path: Path) -> tuple[BenchmarkReport, ...]:
    """Read a report, or every report of a folder, in the order of their names.

    Args:
        path: The JSON file, the folder that `edge-vad bench --out` was given, or one of reports.

    Raises:
        BadInput: One is none, or there is none.
    """
    if not path.is_dir() or (path / FILE_NAME).exists():
        return (read(path),)
    files = sorted(path.glob("*.json"))
    if not files:
        raise BadInput(f"{path} holds no report", "give a folder with files of edge-vad bench")
    return tuple(map(read, files))


def resume(path: Path, fresh: BenchmarkReport) -> BenchmarkReport:
    """Go on with what an interrupted benchmark left, if it was of the same.

    Args:
        path: The JSON file.
        fresh: The report as it begins.

    Returns:
        The report on the disk, unfinished; or `fresh` where there is none that fits.
    """
    try:
        old = read(path)
    except BadInput:
        return fresh
    same = (old.settings, old.edge_vad, old.device.fingerprint, old.device.libraries) == (
        fresh.settings,
        fresh.edge_vad,
        fresh.device.fingerprint,
        fresh.device.libraries,
    )
    return old if same and not old.complete else fresh
