"""What people say of stored events: seen, starred."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from edge_vad.errors import BadInput
from edge_vad.sinks.store.schema import DATABASE, MARKS

_PATIENCE_S = 5.0


def mark(
    folder: Path, event_id: str, *, seen: bool | None = None, starred: bool | None = None
) -> None:
    """Mark an event, from any thread or process; what is None stays, and so does no such event.

    Raises:
        BadInput: The store cannot be written to.
    """
    said = dict(zip(MARKS, (seen, starred), strict=True))
    marks = {name: value for name, value in said.items() if value is not None}
    if not marks:
        return
    columns = ", ".join(f"{name} = ?" for name in marks)
    address = f"file:{quote(str((folder / DATABASE).absolute()))}?mode=rw"
    try:
        opened = sqlite3.connect(address, uri=True, timeout=_PATIENCE_S)
        with closing(opened) as connection, connection:
            connection.execute(
                f"UPDATE events SET {columns} WHERE id = ?",  # noqa: S608 - names of `MARKS`
                (*marks.values(), event_id),
            )
    except sqlite3.Error as error:
        raise BadInput(
            f"the event cannot be marked ({error})",
            "see whether the folder is writable and the disk is well",
        ) from None
