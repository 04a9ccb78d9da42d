"""The public names of `edge_vad`, from their docstrings and signatures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe

from docs_site.markdown import block, page, table

_RUNTIME = Path(__file__).parents[2] / "runtime"
_Kind = griffe.DocstringSectionKind
_TABLES = {
    _Kind.parameters: "argument",
    _Kind.attributes: "attribute",
    _Kind.raises: "error",
}


def python_page() -> str:
    """Everything in `edge_vad.__all__`."""
    package = griffe.load("edge_vad", search_paths=[str(_RUNTIME)], docstring_parser="google")
    names = sorted(package.exports or [], key=lambda name: (not name.islower(), name))
    parts = [part for name in map(str, names) for part in _object(package[name].final_target, name)]
    return page(
        "Python API",
        "`import edge_vad` gives these names; other modules may change between versions.",
        *parts,
    )


def _object(found: Any, name: str, level: str = "##") -> Iterator[str]:
    yield f"{level} {name}"
    signature = _signature(found, name.rpartition(".")[2])
    if signature:
        yield block(signature, "python")
    yield from _docstring(found)
    if isinstance(found, griffe.Class):
        for member in _public(found):
            yield from _object(member, f"{name}.{member.name}", "###")


def _public(found: griffe.Class) -> Iterator[Any]:
    """Methods and properties with a docstring, inherited ones included."""
    for name, member in sorted(found.all_members.items()):
        target = member.final_target if member.is_alias else member
        is_property = target.is_attribute and "property" in target.labels
        if not name.startswith("_") and target.docstring and (target.is_function or is_property):
            yield target


def _signature(found: Any, name: str) -> str:
    function = found.all_members.get("__init__") if isinstance(found, griffe.Class) else found
    if function is None or not getattr(function, "is_function", False):
        return ""
    shown = [_parameter(each) for each in function.parameters if each.name != "self"]
    gives = f" -> {function.returns}" if function.returns and found is function else ""
    return f"{name}({', '.join(shown)}){gives}"


def _parameter(parameter: griffe.Parameter) -> str:
    star = {"variadic positional": "*", "variadic keyword": "**"}
    kind = parameter.kind.value if parameter.kind else ""
    default = f" = {parameter.default}" if parameter.default is not None else ""
    return f"{star.get(kind, '')}{parameter.name}: {parameter.annotation}{default}"


def _docstring(found: Any) -> Iterator[str]:
    if not found.docstring:
        return
    for section in found.docstring.parse("google", warnings=False):
        if section.kind is _Kind.text:
            yield section.value
        elif section.kind in _TABLES:
            yield table((_TABLES[section.kind], "meaning"), map(_row, section.value))
        elif section.kind is _Kind.examples:
            yield from (block(text, "python") for _, text in section.value)
        elif section.kind in (_Kind.returns, _Kind.yields):
            yield from (f"*Gives* {each.description}" for each in section.value)


def _row(item: Any) -> tuple[str, str]:
    name = getattr(item, "name", None) or str(item.annotation)
    return f"`{name}`", item.description
