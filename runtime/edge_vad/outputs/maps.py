"""Anomaly maps of any number of frames, in one .npz file."""

from __future__ import annotations

import shutil
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from edge_vad.files.closing import Closing

_COPY_BYTES = 2**20


class MapsFile(Closing):
    """Writes `maps`, float32, (frames, rows, columns), without holding them in memory.

    An array's header says how many frames there are, which only the end of the source tells: so
    the maps go into a file beside this one first.

    Args:
        path: The file, ending in `.npz`; `numpy.load` reads it.
        rows: Rows of a map.
        columns: Columns of a map.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, path: Path, rows: int, columns: int) -> None:
        self._path = path
        self._shape = (rows, columns)
        self._frames = 0
        self._raw_path = path.with_suffix(".raw")
        self._raw = self._raw_path.open("wb")

    def write(self, anomaly_map: NDArray[np.float32]) -> None:
        """Add the next map, float32, (rows, columns)."""
        self._raw.write(np.ascontiguousarray(anomaly_map, "<f4").tobytes())
        self._frames += 1

    def close(self) -> None:
        """Write the file; harmless when called twice.

        Raises:
            OSError: The disk is full.
        """
        if self._raw.closed:
            return
        try:
            self._raw.close()
            self._pack()
        finally:
            self._raw_path.unlink()

    def _pack(self) -> None:
        header = {
            "descr": "<f4",
            "fortran_order": False,
            "shape": (self._frames, *self._shape),
        }
        with (
            ZipFile(self._path, "w") as archive,
            archive.open(ZipInfo("maps.npy"), "w", force_zip64=True) as member,
            self._raw_path.open("rb") as raw,
        ):
            npy.write_array_header_1_0(member, header)  # type: ignore[no-untyped-call]
            shutil.copyfileobj(raw, member, _COPY_BYTES)
