"""All frames of all clips as one Parquet file."""

from __future__ import annotations

import os
import secrets
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from edge_vad.archive.result import ClipResult
from edge_vad.errors import BadInput, Unavailable
from edge_vad.files.atomic import make_private_file
from edge_vad.outputs.jsonl import ScoreLine
from edge_vad.outputs.recorder import SCORES

if TYPE_CHECKING:
    from pyarrow import Schema, Table

_ROWS_AT_ONCE = 2**20
"""Of a row group, or a little more."""


def has_pyarrow() -> bool:
    """Whether what writes Parquet is installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def write_table(path: Path, out: Path, results: Iterable[ClipResult]) -> None:
    """Write the table, whole or not at all: the same results are the same bytes.

    Columns: `camera`, `source`, `frame`, `time` (s on the source's clock), `score` (null where the
    frame was not judged), `event` (id of the event that the frame is in, or null) and `taken_at`
    (UTC; null where the name of the source does not tell when it was begun).

    Args:
        path: The file.
        out: Folder of the results.
        results: The clips, in the order of their rows.

    Raises:
        BadInput: The scores of a clip are broken.
        Unavailable: pyarrow is not installed.
        OSError: It cannot be written.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise Unavailable(
            "Parquet needs the package 'pyarrow', which is not installed",
            "run pip install 'edge-vad[archive]'",
        ) from None
    schema = _schema(pa)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        make_private_file(beside)
        with parquet.ParquetWriter(beside, schema, compression="zstd") as writer:
            for table in _grouped(pa, (_rows(pa, schema, out, each) for each in results)):
                writer.write_table(table, row_group_size=2 * _ROWS_AT_ONCE)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _schema(pa: Any) -> Schema:
    return pa.schema(
        {
            "camera": pa.string(),
            "source": pa.string(),
            "frame": pa.int64(),
            "time": pa.float64(),
            "score": pa.float64(),
            "event": pa.string(),
            "taken_at": pa.timestamp("us", "UTC"),
        }
    )


def _grouped(pa: Any, tables: Iterable[Table]) -> Iterator[Table]:
    """Join small tables, as a group of rows for every clip would be many."""
    waiting: list[Table] = []
    for table in tables:
        waiting.append(table)
        if sum(each.num_rows for each in waiting) >= _ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _rows(pa: Any, schema: Schema, out: Path, result: ClipResult) -> Table:
    frames, times, scores = _read_scores(out / result.scores.source / SCORES)
    events = np.full(len(frames), None, object)
    for each in result.events:
        events[(frames >= each.start_index) & (frames <= each.end_index)] = each.event.id
    taken = None
    if result.begun_at is not None:
        taken = np.round((result.begun_at + times) * 1e6).astype("datetime64[us]")
    columns = {
        "camera": pa.repeat(result.camera, len(frames)),
        "source": pa.repeat(result.scores.source, len(frames)),
        "frame": frames,
        "time": times,
        "score": pa.array(scores, from_pandas=True),
        "event": pa.array(events, pa.string()),
        "taken_at": pa.nulls(len(frames), schema.field("taken_at").type)
        if taken is None
        else pa.array(taken, schema.field("taken_at").type),
    }
    return pa.table(columns, schema)


def _read_scores(path: Path) -> tuple[Any, Any, Any]:
    """Indices, times and scores of the frames of a clip; NaN is no score.

    Raises:
        BadInput: The file is broken.
    """
    frames, times, scores = array("q"), array("d"), array("d")
    decoder = msgspec.json.Decoder(ScoreLine)
    try:
        with path.open("rb") as file:
            for text in file:
                line = decoder.decode(text)
                frames.append(line.index)
                times.append(line.time_s)
                scores.append(float("nan") if line.score is None else line.score)
    except (OSError, ValueError, OverflowError) as error:
        raise BadInput(
            f"{path} is broken ({error})",
            f"remove the folder {path.parent}: its clip is then scored again",
        ) from None
    return np.frombuffer(frames, "q"), np.frombuffer(times, "d"), np.frombuffer(scores, "d")
