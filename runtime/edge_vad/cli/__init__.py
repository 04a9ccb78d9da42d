"""The command line: one lazily loaded module a subcommand."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import suppress

import click

from edge_vad.cli.lazy import LazyGroup
from edge_vad.cli.streams import flush, hold_descriptors, print_stderr
from edge_vad.errors import BadInput, EdgeVadError, Interrupted, NotAllKept, WrongUse
from edge_vad.files.atomic import kept_to_owner
from edge_vad.guide.progress import is_guided
from edge_vad.untrusted import shown_path

INTERRUPTED = Interrupted.exit_code
"""Exit code after Ctrl-C, as shells have it."""

_COMMANDS = {
    "demo": (None, "See it work, on a synthetic street, in minutes."),
    "init": ("edge_vad.cli.init:init", "Go from a camera to a site that is watched."),
    "cameras": ("edge_vad.cli.cameras:cameras", "List the cameras that can be found from here."),
    "snapshot": ("edge_vad.cli.snapshot:snapshot", "Write one picture of a camera."),
    "record": ("edge_vad.cli.record:record", "Record footage of cameras, to train on."),
    "train": (None, "Learn what is normal from ordinary footage."),
    "export": (None, "Write a trained scene as one ONNX file."),
    "verify": (None, "Compare a scene with single precision."),
    "run": ("edge_vad.cli.run:run", "Watch a source, or the cameras of a site."),
    "serve": ("edge_vad.cli.serve:serve", "Show the events of a folder in a browser."),
    "service": ("edge_vad.cli.service:service", "Watch a site from boot on."),
    "config": (
        "edge_vad.cli.config:config",
        "Check or change the file that says what is watched.",
    ),
    "site": ("edge_vad.cli.site:site", "See to all cameras of a site, or of several, together."),
    "notify": ("edge_vad.cli.notify:notify", "Send a test message to everyone who is notified."),
    "score": ("edge_vad.cli.score:score", "Write the scores of one or many sources."),
    "doctor": ("edge_vad.cli.doctor:doctor", "Say what this machine has and lacks, and the mend."),
    "selftest": ("edge_vad.cli.selftest:selftest", "Run every backend here, and compare them."),
    "bench": (None, "Measure how fast a scene is on this device."),
    "report": (None, "Make a page of one or many benchmarks."),
    "compare": (None, "Compare two benchmarks; fail on a regression."),
    "eval": (None, "Measure a scene on labelled footage."),
    "completion": (
        "edge_vad.cli.completion:completion",
        "Let the shell complete commands and options.",
    ),
}

_EPILOG = """\b
A scene in three steps:
  edge-vad train normal.mp4 --out runs/street
  edge-vad export runs/street --out street.onnx
  edge-vad run street.onnx new.mp4 --out watched

Exit codes: 0 done, 1 a check failed, 2 wrong use, 3 bad input or model, 4 device or backend
missing, 5 source lost, 6 done, but something was not stored or not delivered, 7 done, but some of
many failed, 130 interrupted.
"""


@click.group(
    cls=LazyGroup,
    commands_at=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.version_option(package_name="edge-vad")
def cli() -> None:
    """Video anomaly detection for fixed cameras, from footage to alarm."""


def main() -> None:
    """Run the command line; errors become three lines and an exit code, never a traceback."""
    hold_descriptors()
    if is_guided():
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have made us deaf
    with kept_to_owner():
        code = _run()
    if not flush():
        code = code or NotAllKept.exit_code
    if code:
        sys.exit(code)


def _run() -> int:
    """Run what was asked for; returns the exit code."""
    try:
        _refuse_undecodable_arguments(sys.argv[1:])
        cli(standalone_mode=False)
    except EdgeVadError as error:
        fail(error)
        return error.exit_code
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return error.exit_code
    except OSError as error:
        what = error.strerror or str(error)
        what = f"{shown_path(error.filename)}: {what}" if error.filename else what
        fail(BadInput(what, "check the path, who may read and write it, and the room on the disk"))
        return BadInput.exit_code
    except MemoryError:
        fail(EdgeVadError("there is not enough memory", "free some, or give smaller files"))
        return EdgeVadError.exit_code
    except (KeyboardInterrupt, click.Abort):
        again = "earlier outputs are untouched; give the same command again"
        fail(Interrupted("interrupted", again))
        return INTERRUPTED
    return 0


def _refuse_undecodable_arguments(words: list[str]) -> None:
    """Paths that are not UTF-8 can be written into no file, and end OpenCV."""
    for word in words:
        shown = word.encode(errors="backslashreplace").decode()
        if shown.encode() != word.encode(errors="surrogateescape"):
            raise WrongUse(f"{shown!r} is not UTF-8", "rename the file or folder")


def fail(error: EdgeVadError) -> None:
    """Print an error: what happened, what to do, where its kind is documented.

    With `--json` it is a line of JSON.
    """
    if "--json" in sys.argv:
        print_stderr(json.dumps(error.document))
        return
    print_stderr(f"error: {error.what}", "red")
    print_stderr(f"  -> {error.todo}")
    print_stderr(f"  {error.page}")
