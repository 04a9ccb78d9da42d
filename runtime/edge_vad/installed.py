"""What the distribution's other packages provide to the runtime, found by its entry points.

So the runtime imports none of them: training, export, benchmarks and the simulated street know the
runtime, and it knows only the names of what they provide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edge_vad.errors import Unavailable

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_OF_EXTRA = re.compile(r"""(?P<name>[\w.-]+)[^;]*;\s*extra == ['"](?P<extra>\w+)['"]$""")

COMMANDS = "edge_vad.commands"
"""Subcommands of `edge-vad`, by name: click commands."""

SOURCES = "edge_vad.sources"
"""Sources, by the scheme of their addresses: `edge_vad.sources.schemes.Scheme`."""

ENGINE_BUILDERS = "edge_vad.engine_builders"
"""Builders of engines, by what runs these: `(onnx, target, engine or None)`."""

EXPORTERS = "edge_vad.exporters"
"""What is made of a trained scene: `onnx` is `(trained, onnx, frames)`, and gives the proof;
`engine` is `(onnx)`, and gives the engine's file, or None where no device for one is here."""


def provided(group: str, name: str) -> EntryPoint:
    """Find what is provided under a name, without importing it.

    Args:
        group: One of the above.
        name: Of the command, the scheme or the target.

    Raises:
        Unavailable: Nothing is, as edge-vad is not installed, or an older one is.
    """
    from importlib.metadata import distributions  # takes a while, and --help needs it not

    ours = next(iter(distributions(name="edge-vad")), None)
    for entry in ours.entry_points if ours else ():
        if (entry.group, entry.name) == (group, name):
            return entry
    raise Unavailable(
        f"{name!r} of {group} is not part of what is installed here",
        "install edge-vad again, all of it; in a checkout run make .venv/ready",
    )


def lacking(extra: str) -> list[str]:
    """The packages of an extra that are not installed.

    Args:
        extra: Such as `train`; one that names no other extras.
    """
    from importlib.metadata import distributions

    ours = next(iter(distributions(name="edge-vad")), None)
    wanted = [_OF_EXTRA.match(each) for each in (ours.requires or [] if ours else [])]
    names = [each["name"] for each in wanted if each and each["extra"] == extra]
    return [name for name in names if not any(distributions(name=name))]


def is_provided(group: str, name: str) -> bool:
    """Whether something is provided under a name, and its package is there.

    Args:
        group: One of the above.
        name: Of the command, the scheme or the target.
    """
    try:
        provided(group, name).load()
    except (Unavailable, ModuleNotFoundError):
        return False
    return True
