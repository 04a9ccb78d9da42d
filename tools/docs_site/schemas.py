"""JSON Schemas of records, with what their docstrings say of each field."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import griffe
import msgspec

from docs_site.markdown import table

Schema = dict[str, Any]

# A docstring without a section of attributes is no fault.
logging.getLogger("griffe").setLevel(logging.ERROR)


_WHOLE = r"(?!\n)"
"""Ends patterns: in Python `$` alone matches before a last line break, too."""


class Described(NamedTuple):
    """A docstring.

    Attributes:
        text: What it says before its sections.
        fields: Name of a field to its meaning.
    """

    text: str
    fields: dict[str, str]


def described(docstring: str) -> Described:
    """Take a docstring of Google's style apart."""
    text, fields = "", {}
    for section in griffe.Docstring(docstring).parse("google"):
        if section.kind is griffe.DocstringSectionKind.text:
            text = text or section.value
        elif section.kind is griffe.DocstringSectionKind.attributes:
            fields = {each.name: " ".join(each.description.split()) for each in section.value}
    return Described(text, fields)


def schemas(types: Iterable[type], template: str = "#/{name}") -> dict[str, Schema]:
    """The schema of each record, and of all that it is made of, by its name.

    What is no record, such as a choice of words, stands where it is used.
    """
    types = list(types)
    _, found = msgspec.json.schema_components(types, ref_template=template)
    others = {
        template.format(name=name): {key: value for key, value in each.items() if key != "title"}
        for name, each in found.items()
        if "properties" not in each
    }
    records = {name: each for name, each in found.items() if "properties" in each}
    inherited = {each.__name__: _inherited(each) for each in types}
    return {
        name: _with_meanings(_inlined(each, others), inherited.get(name, {}))
        for name, each in records.items()
    }


def _inherited(record: type) -> dict[str, str]:
    """What the records that one extends say of their fields."""
    documented = [each.__doc__ or "" for each in reversed(record.__mro__[1:])]
    return {name: said for text in documented for name, said in described(text).fields.items()}


def _inlined(schema: Any, others: Mapping[str, Schema]) -> Any:
    if isinstance(schema, dict):
        schema = others.get(schema.get("$ref", ""), schema) | {
            key: value for key, value in schema.items() if key != "$ref" or value not in others
        }
        return {key: _inlined(value, others) for key, value in schema.items()}
    return [_inlined(each, others) for each in schema] if isinstance(schema, list) else schema


def _with_meanings(schema: Schema, inherited: Mapping[str, str]) -> Schema:
    text, own = described(schema.get("description", ""))
    fields = {**inherited, **own}
    properties = {
        name: {**field, "description": fields[name]} if name in fields else field
        for name, field in schema["properties"].items()
    }
    return {**schema, "description": text, "properties": properties}


def fields_table(schema: Schema) -> str:
    """The fields of a record: name, values, default, meaning."""
    required = schema.get("required", ())
    rows = [
        (
            f"`{name}`",
            values(field),
            "required" if name in required else _default(field),
            field.get("description", ""),
        )
        for name, field in schema.get("properties", {}).items()
    ]
    return table(("field", "values", "default", "meaning"), rows)


def values(schema: Mapping[str, Any]) -> str:
    """What a field may hold, in words."""
    if "$ref" in schema:
        return f"[{_name(schema)}](#{_name(schema).lower()})"
    if "anyOf" in schema:
        return " or ".join(values(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return _array(schema)
    if schema.get("type") == "object" and "additionalProperties" in schema:
        return f"a {values(schema['additionalProperties'])} for each name"
    return _WORDS.get(schema.get("type", ""), "anything") + _bounds(schema)


_WORDS = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "null": "nothing",
    "object": "table",
}


def _array(schema: Mapping[str, Any]) -> str:
    if "prefixItems" in schema:
        return "[" + ", ".join(values(each) for each in schema["prefixItems"]) + "]"
    most = f", {schema['maxItems']} at most" if "maxItems" in schema else ""
    return f"list of {values(schema.get('items') or {})}{most}"


def _bounds(schema: Mapping[str, Any]) -> str:
    said = [
        f"{word} {schema[key]}"
        for key, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "more than"),
            ("maximum", "to"),
            ("exclusiveMaximum", "less than"),
        )
        if key in schema
    ]
    if "pattern" in schema and "maxLength" not in schema:
        said.append(f"that matches `{schema['pattern'].removesuffix(_WHOLE)}`")
    return f" {' '.join(said)}" if said else ""


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    if default is None or default in ([], {}, ""):
        return ""
    return "" if isinstance(default, dict) else f"`{msgspec.json.encode(default).decode()}`"


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def record_sections(types: Iterable[type], level: str = "##") -> str:
    """A section of each record, and of each that it is made of, in that order."""
    parts = []
    for name, schema in schemas(types).items():
        parts += [f"{level} {name}", schema["description"], fields_table(schema)]
    return "\n\n".join(part for part in parts if part)
