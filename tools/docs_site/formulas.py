"""Formulas in LaTeX become MathML, which browsers draw by themselves."""

from __future__ import annotations

import re

from latex2mathml.converter import convert

_FENCED = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.M | re.S)
_BLOCK = re.compile(r"^\$\$\n(.+?)\n\$\$$", re.M | re.S)
_INLINE = re.compile(r"\$([^$\n]+)\$")


def with_formulas(text: str) -> str:
    """A page whose formulas, in `$` or between lines of `$$`, are MathML; code stays."""
    parts = _FENCED.split(text)
    parts[::2] = [_converted(part) for part in parts[::2]]
    return "".join(parts)


def _converted(text: str) -> str:
    text = _BLOCK.sub(lambda found: convert(found[1], display="block"), text)
    return _INLINE.sub(lambda found: convert(found[1]), text)
