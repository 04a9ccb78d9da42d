"""The page of all error messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from docs_site.error_messages import ErrorMessage, error_codes, error_messages
from docs_site.markdown import page, table


def errors_page() -> str:
    """Every message, by the code of its kind."""
    codes = error_codes()
    messages = error_messages(codes)
    sections = [
        part
        for code in dict.fromkeys(codes.values())
        for part in _section(code, [each for each in messages if codes[each.kind] == code])
    ]
    return page(
        "Error messages",
        "What is filled in stands in braces. [Errors](../errors.md) tells of each code what it "
        "means, its exit code, and what helps.",
        *sections,
    )


def _section(code: str, messages: Iterable[ErrorMessage]) -> Iterator[str]:
    told = [each for each in messages if not each.is_passed_on]
    rows = dict.fromkeys((each.what, each.todo) for each in told)
    if rows:
        yield f"## {code}"
        yield f"[What it means, and what helps](../errors.md#{code})"
        yield table(("what happened", "what to do"), rows)
