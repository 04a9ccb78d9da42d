"""Captures what a native library writes to stderr past Python."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_LIBRARY = re.compile(r"[^\s:]+\.so[\w.]*: [^:\n]+(?:: [^:\n\[]+)?")
_HEADER = re.compile(r"^\S+ \S+ \[[EF]:[^\]]*\] *")
_LONGEST = 200


class CapturedStderr:
    """What was written.

    Attributes:
        text: All of it, once the block is left.
    """

    text = ""

    @property
    def reason(self) -> str:
        """The part that tells why something did not load, in one line; empty where nothing does."""
        text = _COLOUR.sub("", self.text)
        library = _LIBRARY.search(text)
        if library:
            return library[0].strip()
        for line in text.splitlines():
            if _HEADER.match(line):
                return _HEADER.sub("", line).rpartition("[ERROR] ")[2][:_LONGEST].strip()
        return ""


@contextmanager
def capture_stderr() -> Iterator[CapturedStderr]:
    """Keep what native code writes to stderr; where there is no stderr, hear nothing."""
    captured = CapturedStderr()
    try:
        sys.stderr.flush()
        terminal = os.dup(2)
    except (OSError, AttributeError):
        yield captured
        return
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield captured
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            file.seek(0)
            captured.text = file.read().decode(errors="replace")
