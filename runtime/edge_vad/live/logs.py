"""The log of a live run: lines for people, or JSON lines; secrets never."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from datetime import datetime, timezone

import msgspec

from edge_vad.live.log_limit import LogLimit

_LOGGERS = ("edge_vad", "asyncio")
"""Ours, and that of the loop that serves others, who can make it complain."""
_CREDENTIALS = re.compile(r"(?<=://)[^\s'\"<>]*@")
_NAMED = re.compile(
    r"""(?i)(?<![a-z])(pass(?:word|wd)?|pwd|token|secret|api[_-]?key|auth(?:orization)?)"""
    r"""(["']?\s*[=:]\s*(?:bearer\s+|basic\s+)?)("[^"]*"|'[^']*'|[^\s&'",;]+)"""
)


def redact(text: str) -> str:
    """Blot out what stands where credentials stand.

    Example:
        >>> redact("rtsp://admin:secret@host/live?token=abc")
        'rtsp://...@host/live?token=...'
    """
    return _NAMED.sub(r"\1\2...", _CREDENTIALS.sub("...@", text))


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, timezone.utc).isoformat("T", "seconds")
        text = f"{when[:19]}Z {record.levelname.lower()} {record.getMessage()}"
        if record.exc_info:
            text += "\n" + _trace(record)
        return redact(text)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, timezone.utc),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = redact(_trace(record))
        return msgspec.json.encode(line).decode()


def _trace(record: logging.LogRecord) -> str:
    assert record.exc_info  # noqa: S101 - both callers looked
    return "".join(traceback.format_exception(*record.exc_info)).rstrip()


class _Limited(logging.StreamHandler):  # type: ignore[type-arg] # none before Python 3.11
    """Writes no more lines of one kind than anybody wants to read."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self._limit = LogLimit()

    def emit(self, record: logging.LogRecord) -> None:
        self._summarise()
        if self._limit.admits(record):
            super().emit(record)

    def close(self) -> None:
        self._summarise(at_end=True)
        super().close()

    def _summarise(self, *, at_end: bool = False) -> None:
        for text in self._limit.summaries(at_end=at_end):
            record = logging.LogRecord(__name__, logging.WARNING, "", 0, text, None, None)
            super().emit(record)


def begin_log(*, as_json: bool) -> logging.StreamHandler:  # type: ignore[type-arg]
    """Send what edge-vad logs to stderr, from now on; `end_log` takes the handler away."""
    handler = _Limited()
    handler.setFormatter(_JsonLines() if as_json else _Lines())
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(handler)
    logging.getLogger("edge_vad").setLevel(logging.INFO)
    return handler


def end_log(handler: logging.Handler) -> None:
    """Log no more, once it is told what was left out."""
    for name in _LOGGERS:
        logging.getLogger(name).removeHandler(handler)
    handler.close()
