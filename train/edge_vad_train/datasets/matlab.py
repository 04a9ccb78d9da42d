"""The two kinds of MATLAB files that hold the truth; neither is ever executed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadInput
from edge_vad.files.bounded import read_bounded

FrameSpan = tuple[int, int]
"""First and last anomalous frame, counted from 1, both included."""

_LARGEST_TEXT = 2**24
_COMMENT = re.compile(r"%.*")
_STATEMENT = re.compile(
    r"\s*TestVideoFile\s*(?:=\s*\{\s*\}"
    r"|\{\s*(?:end\s*\+\s*1|(?P<number>[0-9]{1,9}))\s*\}\s*\.\s*gt_frame\s*=\s*\[(?P<spans>[^\[\]]*)\])"
    r"[\s;]*"
)
_SPAN = re.compile(r"\b([0-9]{1,9})(?:\s*:\s*([0-9]{1,9}))?\b")


def read_label_file(path: Path) -> dict[int, list[FrameSpan]]:
    """Read `UCSDped1.m` or `UCSDped2.m`.

    Args:
        path: A file of lines such as `TestVideoFile{end+1}.gt_frame = [5:90, 140:200];`.

    Returns:
        For the number of each test clip, counted from 1, its anomalous spans.

    Raises:
        BadInput: The file cannot be read or holds anything else.
    """
    try:
        text = read_bounded(path, _LARGEST_TEXT).decode("latin-1")
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read ({error.strerror})", "check that you may read it"
        ) from error
    return _parse_labels(_COMMENT.sub("", text), path)


def _parse_labels(text: str, path: Path) -> dict[int, list[FrameSpan]]:
    spans: dict[int, list[FrameSpan]] = {}
    place = len(text) - len(text.lstrip())
    while place < len(text):
        match = _STATEMENT.match(text, place)
        if match is None:
            raise _unexpected(path, text[place:])
        if match["spans"] is not None:
            number = int(match["number"] or max(spans, default=0) + 1)
            spans[number] = _parse_spans(match["spans"], path)
        place = match.end()
    if not spans:
        raise _unexpected(path, "")
    return spans


def _parse_spans(text: str, path: Path) -> list[FrameSpan]:
    spans = [(int(first), int(last or first)) for first, last in _SPAN.findall(text)]
    rest = _SPAN.sub("", text).strip(", \t\r\n")
    if rest or any(not 1 <= first <= last for first, last in spans):
        raise _unexpected(path, text)
    return spans


def _unexpected(path: Path, text: str) -> BadInput:
    line = text.strip().splitlines()[0][:60] if text.strip() else "nothing"
    return BadInput(
        f"{path} holds {line!r} where a clip's anomalous frames should stand",
        "write TestVideoFile{end+1}.gt_frame = [61:180]; with frames counted from 1",
    )


def read_cell_array(path: Path, name: str) -> list[NDArray[Any]]:
    """Read a cell array of arrays from a MATLAB file.

    Args:
        path: A `.mat` file, version 4 to 7.
        name: The variable.

    Raises:
        BadInput: The file is broken, of version 7.3, or has no such variable.
    """
    from scipy.io import loadmat

    try:
        cells = loadmat(path, variable_names=[name]).get(name)
    except NotImplementedError as error:
        raise BadInput(
            f"{path} is a MATLAB file of version 7.3", "save it again in MATLAB with -v7"
        ) from error
    except Exception as error:  # scipy lets anything through from a broken file
        raise BadInput(f"{path} is no MATLAB file that can be read", "copy it again") from error
    if cells is None or cells.dtype != np.object_:
        raise BadInput(
            f"{path} holds no cell array {name}", "give the file as it comes with the data set"
        )
    return [np.asarray(cell) for cell in cells.ravel()]
