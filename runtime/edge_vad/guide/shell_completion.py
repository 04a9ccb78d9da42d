"""What a shell reads to complete the words of a command."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from edge_vad.errors import BadInput, WrongUse
from edge_vad.files.atomic import make_private_folder, write_whole

PROGRAM = "edge-vad"
SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_EDGE_VAD_COMPLETE"
"""What click asks for; it makes the name from that of the program."""


def present_shell() -> str:
    """The shell that this user logs in with.

    Raises:
        WrongUse: None is known, or it is one that nothing is written for.
    """
    name = Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        known = f"{name!r} is a shell" if name else "SHELL does not say which shell is used, one"
        raise WrongUse(
            f"{known} that edge-vad completes nothing for", f"give --shell {'|'.join(SHELLS)}"
        )
    return name


def completion_path(shell: str) -> Path:
    """Where a shell looks for what completes the words of one program, in this user's home."""
    data = _folder("XDG_DATA_HOME", ".local/share")
    return {
        "bash": _folder("BASH_COMPLETION_USER_DIR", str(data / "bash-completion"))
        / "completions"
        / PROGRAM,
        "zsh": data / "zsh" / "site-functions" / f"_{PROGRAM}",
        "fish": _folder("XDG_CONFIG_HOME", ".config") / "fish" / "completions" / f"{PROGRAM}.fish",
    }[shell]


def completion_text(command: click.Command, shell: str) -> str:
    """What the shell reads: it asks `edge-vad` itself at every completion.

    Args:
        command: The whole command line.
        shell: One of `SHELLS`.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click knows all of them
    return kind(command, {}, PROGRAM, _VARIABLE).source()


def write_completion(path: Path, text: str) -> None:
    """Write it, whole or not at all.

    Raises:
        BadInput: It cannot be written.
    """
    try:
        make_private_folder(path.parent)
        write_whole(path, text.encode())
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written ({error.strerror})",
            "make its folder writable, or give --print and put it where your shell reads it",
        ) from None


def _folder(variable: str, otherwise: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / otherwise)
