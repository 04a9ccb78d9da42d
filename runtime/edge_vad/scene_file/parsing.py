"""Takes an ONNX file apart, and takes nothing that a scene model has no need of.

The table says which fields of which messages may stand in the file, by the numbers of ONNX's
published schema. A field that is not in it is refused: so no external data, no functions, no
sequences and no texts as tensors have to be looked for.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from edge_vad.onnx_file.wire import Value, numbers_of, split

LARGEST_FILE = 2**27
"""Bytes of a scene model, at most."""

LONGEST_TEXT = 2**24
_MOST_FIELDS = 400_000
_DEEPEST = 2
"""A graph, and the body of a `Scan`."""

Message = dict[int, list["Content"]]
"""A message: the number of a field to what it holds."""

Content = int | str | memoryview | Message


class _Field(NamedTuple):
    """What a field holds: `int`, `text`, `bytes`, `number`, or a message of the table."""

    kind: str
    repeats: bool = False


_INT, _TEXT, _BYTES, _NUMBER = (_Field(kind) for kind in ("int", "text", "bytes", "number"))
_TEXTS, _NUMBERS, _PAIRS = _Field("text", True), _Field("number", True), _Field("pair", True)

_TABLE: dict[str, dict[int, _Field]] = {
    "model": {
        1: _INT,
        2: _TEXT,
        3: _TEXT,
        4: _TEXT,
        5: _INT,
        6: _TEXT,
        7: _Field("graph"),
        8: _Field("opset", True),
        14: _PAIRS,
    },
    "opset": {1: _TEXT, 2: _INT},
    "pair": {1: _TEXT, 2: _TEXT},
    "graph": {
        1: _Field("node", True),
        2: _TEXT,
        5: _Field("tensor", True),
        10: _TEXT,
        11: _Field("value", True),
        12: _Field("value", True),
        13: _Field("value", True),
        16: _PAIRS,
    },
    "node": {
        1: _TEXTS,
        2: _TEXTS,
        3: _TEXT,
        4: _TEXT,
        5: _Field("attribute", True),
        6: _TEXT,
        7: _TEXT,
        9: _PAIRS,
    },
    "attribute": {
        1: _TEXT,
        2: _NUMBER,
        3: _INT,
        4: _BYTES,
        5: _Field("tensor"),
        6: _Field("graph"),
        7: _NUMBERS,
        8: _NUMBERS,
        13: _TEXT,
        20: _INT,
    },
    "tensor": {
        1: _NUMBERS,
        2: _INT,
        4: _NUMBERS,
        5: _NUMBERS,
        7: _NUMBERS,
        8: _TEXT,
        9: _BYTES,
        10: _NUMBERS,
        11: _NUMBERS,
        12: _TEXT,
        14: _INT,
        16: _PAIRS,
    },
    "value": {1: _TEXT, 2: _Field("type"), 3: _TEXT, 4: _PAIRS},
    "type": {1: _Field("tensor type"), 6: _TEXT},
    "tensor type": {1: _INT, 2: _Field("shape")},
    "shape": {1: _Field("side", True)},
    "side": {1: _INT, 2: _TEXT, 3: _TEXT},
}

_REFUSED = {
    ("tensor", 13): "its weights lie in other files",
    ("model", 25): "it holds functions",
    ("attribute", 11): "it holds lists of graphs",
}
"""What is not in the table, and has a name."""


def parse(content: bytes, kind: str = "model") -> Message:
    """Take a message apart.

    Args:
        content: The message.
        kind: What it is: `model` or `graph`.

    Raises:
        ValueError: It is no such message, holds what a scene model does not, or too much of it.
    """
    return _Parser().parse(memoryview(content), kind, 0)


class _Parser:
    def __init__(self) -> None:
        self._left = _MOST_FIELDS

    def parse(self, content: memoryview, kind: str, depth: int) -> Message:
        depth += kind == "graph"
        if depth > _DEEPEST:
            raise ValueError("its graphs are nested too deep")
        found: Message = {}
        for number, value in split(content):
            self._left -= 1
            if self._left < 0:
                raise ValueError("it holds too much")
            field = _TABLE[kind].get(number)
            if field is None or (number in found and not field.repeats):
                why = f"a {kind} of it holds what no scene model does (field {number})"
                raise ValueError(_REFUSED.get((kind, number), why))
            found.setdefault(number, []).append(self._content(value, field, depth))
        return found

    def _content(self, value: Value, field: _Field, depth: int) -> Content:
        if field.kind == "number":  # one, or many that are packed
            return value
        if isinstance(value, int) or field.kind == "int":
            if not (isinstance(value, int) and field.kind == "int"):
                raise ValueError("it is no ONNX file")
            return value
        if field.kind == "bytes":
            return value
        if field.kind != "text":
            return self.parse(value, field.kind, depth)
        if len(value) > LONGEST_TEXT:
            raise ValueError("a text in it is too long")
        return str(value, "utf-8")


def integers(message: Message, number: int) -> list[int]:
    """The few whole numbers of a field, packed or not."""
    found: list[int] = []
    for value in message.get(number, []):
        packed = not isinstance(value, int)
        found += numbers_of(cast("memoryview", value)) if packed else [cast("int", value)]
    return [each - 2**64 if each >= 2**63 else each for each in found]
