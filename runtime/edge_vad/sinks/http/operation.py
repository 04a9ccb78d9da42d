"""What a route takes and answers; the documentation of the HTTP API is made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

JSON = "application/json"
Handler = TypeVar("Handler", bound=Callable[..., Any])


class Parameter(NamedTuple):
    """A part of an address, or a header.

    Attributes:
        schema: What it may be, as JSON Schema.
        meaning: What it is.
        place: `query`, `path` or `header`.
        required: Whether it has to be there.
    """

    schema: Mapping[str, Any]
    meaning: str
    place: str = "query"
    required: bool = False


class Operation(NamedTuple):
    """A method of a route.

    Attributes:
        body: The JSON document that is sent, if there is one.
        sent: Media type of what is sent, where that is no JSON document.
        answer: The JSON document that is answered; None where it is of another kind.
        kinds: Media types of the answer.
        parameters: Name to what it may be.
        statuses: With which it is answered besides 200 and those that every route may have.
    """

    body: type[msgspec.Struct] | None = None
    sent: str | None = None
    answer: type[msgspec.Struct] | None = None
    kinds: tuple[str, ...] = (JSON,)
    parameters: Mapping[str, Parameter] = {}
    statuses: tuple[int, ...] = ()


def operation(**said: Any) -> Callable[[Handler], Handler]:
    """Say what a handler takes and answers, by the fields of an `Operation`."""

    def describe(handler: Handler) -> Handler:
        handler.operation = Operation(**said)  # type: ignore[attr-defined]
        return handler

    return describe


def operation_of(endpoint: Callable[..., Any]) -> Operation:
    """What was said of a route's handler.

    Raises:
        LookupError: Nothing was.
    """
    found = getattr(getattr(endpoint, "func", endpoint), "operation", None)
    if not isinstance(found, Operation):
        raise LookupError(f"{endpoint!r} is not described by @operation")
    return found
