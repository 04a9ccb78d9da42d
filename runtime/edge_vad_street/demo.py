"""edge-vad demo: the whole path from footage to alarm, on a synthetic street."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from edge_vad.cli import cli
from edge_vad.cli.options import out_option

_NORMAL = tuple(f"test://street?seed={seed}&frames=6000" for seed in (100, 200))
_SUITE = "test://street?seed=1"
_KINDS = ("cyclist", "vehicle", "runner", "wrong_way", "faller")
"""What people and vehicles do; what they leave behind or throw is still seen less reliably."""


@click.command("demo")
@out_option
def demo(out: Path) -> None:
    """Go from footage to alarm on a synthetic street, in minutes, as one would by hand.

    A street is simulated, learnt, exported, measured and watched. Every step is a command of
    edge-vad, printed before it is run.
    """
    from edge_vad_street.suite import street_suite

    trained, scene = out / "street", out / "street.onnx"
    cyclist = dict(street_suite(_SUITE))["cyclist"]
    only = [word for kind in _KINDS for word in ("--kind", kind)]
    steps = (
        ("train", *_NORMAL, "--out", trained, "--overwrite"),
        ("export", trained, "--out", scene),
        ("eval", scene, _SUITE, "--format", "synthetic", *only, "--out", out / "evaluation"),
        ("run", scene, cyclist, "--out", out / "watched"),
    )
    for words in steps:
        _run(*(str(word) for word in words))
    click.secho("\nthat was all of it", bold=True)
    click.echo(f"measured: {', '.join(_KINDS)}; eval without --kind measures all kinds")
    click.echo(f"look at {out / 'watched' / 'annotated.mp4'}")
    click.echo(f"        {out / 'watched' / 'timeline.png'}")
    click.echo(f"        {out / 'evaluation' / 'roc.png'}")
    click.echo("\nnext, with footage of your own camera on an ordinary day:")
    click.echo("  edge-vad train FOOTAGE.mp4 --out runs/scene")


def _run(*words: str) -> None:
    """Print a command and run it, as if it had been typed."""
    click.secho(f"\n$ edge-vad {shlex.join(words)}", bold=True)
    cli.main(list(words), standalone_mode=False)
