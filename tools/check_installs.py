"""The wheel alone, without the source tree: does what the pages of docs/install say work?

    python tools/check_installs.py dist/edge_vad-0.1.0-py3-none-any.whl [--only uvx]

In a folder of its own the wheel is installed by pip, uv's uvx and pipx, each into an environment of
its own, and every way's first command is given: `edge-vad demo` (uvx), `edge-vad init --yes` for a
simulated camera (pip), `edge-vad selftest` (pipx). Prints how long each took. The tools are those
beside the Python that runs this: `make installs`. UV_FIND_LINKS and PIP_FIND_LINKS name a folder of
wheels, as of PyTorch's build for CPUs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
TOOLS = Path(sys.executable).parent
STREET = "test://street?seed=1&realtime=1&size=240x160"
INIT = ("init", f"gate={STREET}", "--duration", "2m", "--yes")
LEFT_BY_DEMO = ("watched/annotated.mp4", "watched/timeline.png", "evaluation/roc.png")
LEFT_BY_INIT = ("site.toml", "pictures/gate.jpg", "gate.onnx")


def clean_environment(home: Path) -> dict[str, str]:
    """This one's, but that no source tree and no home is found by it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    moved = {"HOME": home, "PIPX_HOME": home / "pipx", "PIPX_BIN_DIR": home / "bin"}
    return kept | {name: str(path) for name, path in moved.items()} | {"OMP_NUM_THREADS": "1"}


def timed(words: list[str], folder: Path) -> float:
    """Run a program in a folder; seconds."""
    print(f"$ {' '.join(words)}", flush=True)
    started = time.monotonic()
    log = folder / "log.txt"
    with log.open("w") as out:
        done = subprocess.run(
            words, cwd=folder, env=clean_environment(folder), stdout=out, stderr=out, check=False
        )
    if done.returncode:
        sys.exit(f"it ended with {done.returncode}:\n{log.read_text()[-3000:]}")
    return round(time.monotonic() - started, 1)


def demand(folder: Path, names: tuple[str, ...]) -> None:
    """See to it that files are there that a command should have written."""
    if missing := [name for name in names if not (folder / name).is_file()]:
        sys.exit(f"these are missing in {folder}: {', '.join(missing)}")


def try_pip(wheel: Path, folder: Path) -> dict[str, float]:
    """A virtual environment, and the first hour of a simulated camera."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    wanted = f"edge-vad[all] @ {wheel.as_uri()}"
    pip = [str(folder / "venv/bin/pip"), "install", "--quiet", "-c", str(CONSTRAINTS), wanted]
    edge_vad = str(folder / "venv/bin/edge-vad")
    times = {"install_s": timed(pip, folder), "version_s": timed([edge_vad, "--version"], folder)}
    times["init_s"] = timed([edge_vad, *INIT], folder)
    demand(folder, LEFT_BY_INIT)
    return times


def try_uvx(wheel: Path, folder: Path) -> dict[str, float]:
    """An environment that uv keeps in its cache, and the demo."""
    uvx = [str(TOOLS / "uvx"), "--from", f"edge-vad[all] @ {wheel.as_uri()}"]
    if find_links := os.environ.get("UV_FIND_LINKS"):
        (torch,) = [each.name for each in Path(find_links).glob("torch-*+cpu-*x86_64.whl")][:1]
        uvx[1:1] = ["--with", f"torch=={torch.split('-')[1]}", "--python", python_of(torch)]
    times = {"install_s": timed([*uvx, "edge-vad", "--version"], folder)}
    times["demo_s"] = timed([*uvx, "edge-vad", "demo", "--out", "demo"], folder)
    demand(folder / "demo", LEFT_BY_DEMO)
    return times


def python_of(wheel: str) -> str:
    """The Python that a wheel is for: 3.11 of `torch-…-cp311-…`."""
    tag = wheel.split("-")[2]
    return f"{tag[2]}.{tag[3:]}"


def try_pipx(wheel: Path, folder: Path) -> dict[str, float]:
    """A program of its own, for watching."""
    pipx = [str(TOOLS / "pipx"), "install", f"edge-vad[cpu,serve] @ {wheel.as_uri()}"]
    times = {"install_s": timed(pipx, folder)}
    times["selftest_s"] = timed([str(folder / "bin" / "edge-vad"), "selftest"], folder)
    return times


WAYS = {"pip": try_pip, "uvx": try_uvx, "pipx": try_pipx}


def main() -> None:
    """Try the ways, and print the times."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--only", choices=WAYS, help="One way; by default all.")
    asked = parser.parse_args()
    figures = {}
    for name in [asked.only] if asked.only else WAYS:
        with tempfile.TemporaryDirectory(prefix="edge-vad-installs-") as folder:
            figures[name] = WAYS[name](asked.wheel.resolve(), Path(folder))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
