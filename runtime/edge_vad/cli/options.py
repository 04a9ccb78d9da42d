"""Arguments and options that several subcommands take."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edge_vad.backends import BACKENDS
from edge_vad.backends.triton.address import FORM, is_address, parse_address
from edge_vad.cli.quantities import NumberRange
from edge_vad.errors import WrongUse
from edge_vad.preprocessing.regions import Polygon, parse_regions

FALSE_ALARMS_HELP = (
    "Alarms you accept on normal footage, such as 1/day; by default the rarest rate that the "
    "footage of the scene's training could show, from 1/day to 10/minute."
)

Function = TypeVar("Function", bound=Callable[..., Any])

# Click's choices are generic from 8.2 on, and 8.1 is allowed.
if TYPE_CHECKING:
    _Choice = click.Choice[str]
else:
    _Choice = click.Choice

scene_argument = click.argument("scene", type=click.Path(path_type=Path))

out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder to write to; made when it is missing.",
)


def _demand_stdout(context: click.Context, parameter: click.Parameter, value: bool) -> bool:  # noqa: ARG001
    if value and sys.stdout is None:
        raise WrongUse("the standard output is closed", "let it lead somewhere, or drop --json")
    return value


json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    callback=_demand_stdout,
    help="Print the summary as one JSON object on stdout.",
)


fps_option = click.option(
    "--fps",
    type=NumberRange(0.1, 240.0),
    help="Frames a second of folders of pictures, and of files that do not say.",
)


def _parse_ignore(
    context: click.Context,  # noqa: ARG001
    parameter: click.Parameter,  # noqa: ARG001
    value: tuple[str, ...],
) -> tuple[Polygon, ...]:
    return parse_regions(value)


def ignore_option(what: str) -> Callable[[Function], Function]:
    """The option `--ignore`, given once for every region.

    Args:
        what: Said of it first in the help.
    """
    return click.option(
        "--ignore",
        metavar="REGION",
        multiple=True,
        callback=_parse_ignore,
        help=f"{what}: a polygon in px of the frames, such as '[[0, 0], [200, 0], [200, 80]]'; "
        "may be given several times.",
    )


IGNORE_HELP = "Region in which nothing counts, besides those that the scene leaves out"


class _Backend(_Choice):
    """The name of a backend, or the address of a server."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if is_address(value):
            parse_address(value)
            return value
        return super().convert(value, param, ctx)


def scoring_options(function: Function) -> Function:
    """Add the options of how frames are read and scored."""
    options = (
        click.option(
            "--backend",
            type=_Backend(BACKENDS),
            default=BACKENDS[0],
            show_default=True,
            help=f"What runs the scene model; or a server that does: {FORM}.",
        ),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            help="CPU threads; one where frames are small, else all.",
        ),
        click.option(
            "--rebuild",
            is_flag=True,
            help="Build the engine anew where it is missing or does not belong here.",
        ),
        click.option(
            "--strict", is_flag=True, help="Stop at a picture that cannot be read; do not skip it."
        ),
        fps_option,
    )
    for option in reversed(options):
        function = option(function)
    return function
