"""Writes the text form of protocol buffers, as far as a configuration needs it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

Value = str | bool | int | Mapping[str, "Value"] | Sequence["Value"]
Message = Mapping[str, Value]


class Symbol(str):
    """A value of an enumeration: it is written without quotes."""

    __slots__ = ()


def to_text(message: Message) -> str:
    """A message as text, a field a line.

    Args:
        message: Name of each field to its value; a sequence is a field that is repeated.

    Example:
        >>> print(to_text({"name": "street", "dims": [1, 2], "reshape": {}}), end="")
        name: "street"
        dims: 1
        dims: 2
        reshape {
        }
    """
    return "".join(f"{line}\n" for line in _lines(message))


def by_key(values: Mapping[str, Value]) -> list[Message]:
    """The entries of a field that is a map."""
    return [{"key": key, "value": value} for key, value in values.items()]


def _lines(message: Message) -> Iterator[str]:
    for name, value in message.items():
        is_repeated = isinstance(value, Sequence) and not isinstance(value, str)
        for each in value if is_repeated else [value]:  # type: ignore[union-attr]
            if isinstance(each, Mapping):
                yield f"{name} {{"
                yield from (f"  {line}" for line in _lines(each))
                yield "}"
            else:  # quotes, escapes, true and false of JSON are those of this text form, too
                yield f"{name}: {each if isinstance(each, Symbol) else json.dumps(each)}"
