"""Command line options of training, made of what its settings declare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, get_args, get_type_hints

import click
import msgspec

from edge_vad_train.settings import INTERNAL, TrainSettings

Function = TypeVar("Function", bound=Callable[..., Any])


def settings_options(function: Function) -> Function:
    """Add an option for every setting; its value comes by the setting's name.

    A setting is declared as `Annotated[type, msgspec.Meta(...)]`: the description is the help, `ge`
    and `le` are the bounds. `extra` may hold `option`, the option's name where it is another;
    `choices`, values by what is typed for them; and `default`, what is shown for the default.
    """
    declared = get_type_hints(TrainSettings, include_extras=True)
    for field in reversed(msgspec.structs.fields(TrainSettings)):
        if field.name not in INTERNAL:
            kind, meta = get_args(declared[field.name])
            function = _option(field.name, kind, meta, field.default)(function)
    return function


def _option(
    name: str, kind: Any, meta: msgspec.Meta, default: Any
) -> Callable[[Function], Function]:
    extra = meta.extra or {}
    values: dict[str, Any] = extra.get("choices") or {each: each for each in get_args(kind)}
    bounds: dict[str, Any] = {"min": meta.ge, "max": meta.le}
    if values:
        default = next(word for word, value in values.items() if value == default)
    return click.option(
        extra.get("option", f"--{name}"),
        name,
        type=click.Choice(list(values)) if values else click.IntRange(**bounds),
        default=default,
        show_default=extra.get("default", True),
        callback=lambda _context, _parameter, word: values.get(word, word),
        help=meta.description,
    )
