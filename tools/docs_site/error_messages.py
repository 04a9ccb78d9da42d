"""Every error that the code raises on purpose, found in its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from edge_vad.errors import EdgeVadError

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "runtime/edge_vad",
    "runtime/edge_vad_street",
    "train/edge_vad_train",
    "export/edge_vad_export",
    "benchmarks/edge_vad_bench",
)
BASE = EdgeVadError.__name__
_UNKNOWN = "…"
_FILLED_IN = re.compile(r"\{[^{}]*\}")


class ErrorMessage(NamedTuple):
    """An error as it is raised at one place.

    Attributes:
        kind: Name of its class.
        what: What happened; `{name}` stands for what is filled in.
        todo: What to do about it.
        place: Module and line.
    """

    kind: str
    what: str
    todo: str
    place: str

    @property
    def is_passed_on(self) -> bool:
        """Whether all of it comes from elsewhere, where it is found, too."""
        return bool(_FILLED_IN.fullmatch(self.what) and _FILLED_IN.fullmatch(self.todo))


@cache
def error_codes() -> dict[str, str]:
    """The code of every class of errors, by the name of the class, the general ones first."""
    codes = {BASE: EdgeVadError.code}
    while found := dict(_classes_below(codes)):
        codes |= found
    return codes


def error_messages(kinds: Collection[str]) -> list[ErrorMessage]:
    """All messages of these classes of errors, in the order of the source."""
    return [
        message for name, tree in _modules().items() for message in _of_module(name, tree, kinds)
    ]


@cache
def _modules() -> dict[str, ast.Module]:
    """All modules that know an error, by their places; read once."""
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    texts = ((path, path.read_text(encoding="utf-8")) for path in paths)
    return {str(path.relative_to(ROOT)): ast.parse(text) for path, text in texts if "rror" in text}


def _classes_below(codes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Classes that are not known yet, of parents that are; a code is inherited."""
    for tree in _modules().values():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name not in codes:
                parents = [each.id for each in node.bases if isinstance(each, ast.Name)]
                known = [codes[parent] for parent in parents if parent in codes]
                if known:
                    yield node.name, _own_code(node) or known[0]


def _own_code(node: ast.ClassDef) -> str | None:
    for each in node.body:
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "code":
            return str(ast.literal_eval(each.value))
    return None


def _of_module(name: str, tree: ast.Module, kinds: Collection[str]) -> Iterator[ErrorMessage]:
    known = dict(_texts(tree))
    for kind, call in _calls(tree, kinds):
        what, todo = (_text(each, known) for each in [*call.args, None, None][:2])
        if what or todo:
            yield ErrorMessage(kind, what, todo, f"{name}:{call.lineno}")


def _calls(tree: ast.AST, kinds: Collection[str]) -> Iterator[tuple[str, ast.Call]]:
    """Errors that are made, and those whose class says what they tell."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
            yield node.func.id, node
        elif isinstance(node, ast.ClassDef) and node.name in kinds:
            yield from ((node.name, call) for call in ast.walk(node) if _is_told(call))


def _is_told(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__"


def _texts(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that are given one value in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _text(node: ast.expr | None, known: dict[str, ast.expr], deep: int = 0) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(each, known, deep) for each in node.values)
    if isinstance(node, ast.FormattedValue):
        value = node.value
        constant = known.get(value.id) if isinstance(value, ast.Name) else None
        if isinstance(constant, ast.Constant):
            return str(constant.value)
        return "{" + _short(value) + "}"
    if isinstance(node, ast.BinOp):
        return _text(node.left, known, deep) + _text(node.right, known, deep)
    if isinstance(node, ast.Name) and node.id in known and deep < 2:
        return _text(known[node.id], known, deep + 1)
    return "" if node is None or isinstance(node, ast.Starred) else "{" + _short(node) + "}"


def _short(node: ast.expr) -> str:
    """A word for a value that is filled in."""
    if isinstance(node, ast.Name):
        return node.id.strip("_")
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_")
    if isinstance(node, ast.Call) and node.args:
        return _short(node.args[0])
    return _UNKNOWN
