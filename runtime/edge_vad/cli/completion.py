"""edge-vad completion: let the shell complete commands and options."""

from __future__ import annotations

import click

from edge_vad.cli.streams import print_next, print_stdout
from edge_vad.guide.shell_completion import (
    SHELLS,
    completion_path,
    completion_text,
    present_shell,
    write_completion,
)

_EXAMPLE = """\b
Examples:
  edge-vad completion
  edge-vad completion --shell zsh --print
"""


@click.command(epilog=_EXAMPLE)
@click.option("--shell", type=click.Choice(SHELLS), help="Default: the one that you log in with.")
@click.option("--print", "only_print", is_flag=True, help="Print it; change nothing.")
@click.pass_context
def completion(ctx: click.Context, shell: str | None, only_print: bool) -> None:
    """Let the shell complete commands and options with the Tab key.

    Writes one file, into the folder of your home where the shell looks for such files; no start
    file of the shell is changed. Bash reads it where the package bash-completion is installed.
    """
    shell = shell or present_shell()
    text = completion_text(ctx.find_root().command, shell)
    if only_print:
        print_stdout(text.rstrip("\n"))
        return
    path = completion_path(shell)
    write_completion(path, text)
    print_stdout(f"{path} written")
    if shell == "zsh":
        print_stdout(f"put this into ~/.zshrc, before compinit: fpath+=({path.parent})")
    print_next(f"exec {shell}", where=" (a new shell reads it)")
