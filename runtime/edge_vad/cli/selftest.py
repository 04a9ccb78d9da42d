"""edge-vad selftest: run every backend of this machine on one scene, and compare them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.table import Table

from edge_vad.doctor.table import backend_row
from edge_vad.errors import CheckFailed

if TYPE_CHECKING:
    from edge_vad.selftest.report import BackendComparison, SelftestReport

_EXAMPLE = """\b
Examples:
  edge-vad selftest
  edge-vad selftest street.onnx
"""
_COLOURS = {"ok": "green", "skipped": "yellow", "failed": "red"}


@click.command(epilog=_EXAMPLE)
@click.argument("scene", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def selftest(scene: Path | None, as_json: bool) -> None:
    """Compare every backend that works here on one scene: the first thing on a new board.

    Without SCENE a small one is learnt from the simulated street and exported, or made with random
    weights where PyTorch is absent. Engines are built where TensorRT is. All backends score the
    same frames and are compared with ONNX Runtime on the CPU.

    Exit code 0 when all of them agree, 1 when one differs.
    """
    from edge_vad.selftest.run import run_selftest

    with Console(stderr=True).status("") as status:
        on_step = status.update if sys.stderr.isatty() else _ignore
        report = run_selftest(scene, on_step, _run)
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        _show(report)
    if not report.passed:
        raise CheckFailed(
            _what_failed(report), "run edge-vad doctor, and use a backend that agrees"
        )
    if not as_json:
        click.echo(f"\nnext: edge-vad run {_rest(scene, report)}")


def _run(words: list[str]) -> None:
    """Run another subcommand, as if it had been typed."""
    from edge_vad.cli import cli

    cli.main(words, standalone_mode=False)


def _ignore(text: str) -> None:
    """Say nothing: there is no terminal."""


def _show(report: SelftestReport) -> None:
    click.echo(f"scene: {report.scene}")
    for step in report.steps:
        click.secho(f"  {step.outcome:<8}", fg=_COLOURS[step.outcome], nl=False)
        click.echo(f"{step.name}: {step.detail}")
        if step.mend:
            click.echo(f"          -> {step.mend}")
    click.echo(
        f"\n{report.frames} frames of the simulated street, against ONNX Runtime on the CPU:"
    )
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("backend", "device", "map error", "score error", "ms a frame", ""):
        table.add_column(title, justify="right" if " " in title else "left", overflow="fold")
    for each in report.comparisons:
        table.add_row(*_row(each))
    Console(highlight=False).print(table)
    if len(report.comparisons) == 1:
        click.echo("it is the only backend that works here: there was nothing to compare it with")
    click.echo("errors are relative, the largest of all frames; up to ", nl=False)
    click.echo(f"{report.tolerance:g} is agreement")
    click.echo("ms: median of the graph alone, from host memory and back; no flow, no decoding")
    if report.absent:
        click.echo("\nnot here:")
        Console(highlight=False).print(*map(backend_row, report.absent))


def _row(each: BackendComparison) -> tuple[str, ...]:
    verdict = "agrees" if each.agrees else "DIFFERS"
    if each.agrees and each.backend == "onnxruntime":
        verdict = "reference"
    if each.map_error is None or each.score_error is None or each.ms_a_frame is None:
        return each.backend, each.device, "-", "-", "-", f"FAILED: {each.failure}"
    errors = f"{each.map_error:.1e}", f"{each.score_error:.1e}"
    return each.backend, each.device, *errors, f"{each.ms_a_frame:.2f}", verdict


def _what_failed(report: SelftestReport) -> str:
    steps = [f"{step.name} failed" for step in report.steps if step.outcome == "failed"]
    differing = [each.backend for each in report.comparisons if not each.agrees]
    if differing:
        steps.append(f"{', '.join(differing)} does not agree with ONNX Runtime on the CPU")
    return "; ".join(steps)


def _rest(scene: Path | None, report: SelftestReport) -> str:
    """The next command: with the fastest backend, where that was measured on the user's scene."""
    if scene is None:
        return "SCENE.onnx SOURCE --out watched --backend auto"
    paces = {each.backend: each.ms_a_frame for each in report.comparisons if each.ms_a_frame}
    fastest = min(paces, key=lambda name: paces[name])
    return f"{shlex.quote(str(scene))} SOURCE --out watched --backend {fastest}"
