"""Which wheels pip would take on a board, asked on this machine: of no package is anything built.

    python tools/wheel_sets.py [WHEEL]

For aarch64 and Python 3.10 (JetPack 6), 3.11 (Debian 12) and 3.12 (JetPack 7) the extras that a
board needs are resolved, under the constraints of deploy/boards/. It fails where a wheel is
missing, or where something would come that the board brings itself. Asks the package index.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
BOARD = ROOT / "deploy" / "boards" / "jetpack.txt"
TOLD = "mqtt,metrics,notify,serve,edit,onvif,push"
"""The extras by which a device that watches is told, and tells: those of its images."""
GLIBC = (28, 27, 26, 25, 24, 17)
"""Second numbers of the C libraries whose wheels all of these systems take."""


class WheelSet(NamedTuple):
    """What is asked for, and where.

    Attributes:
        place: What has this Python.
        python: Its version.
        extras: Of edge-vad.
        more: Packages besides.
        constraints: A file of them.
    """

    place: str
    python: str
    extras: str
    more: tuple[str, ...] = ()
    constraints: Path | None = None


SETS = (
    WheelSet("plain", "3.10", "", (), BOARD),
    WheelSet("plain", "3.12", "", (), BOARD),
    WheelSet("JetPack 6", "3.10", f"[video,{TOLD}]", ("onnxruntime", "cuda-bindings<13"), BOARD),
    WheelSet("JetPack 7", "3.12", f"[video,{TOLD}]", ("onnxruntime", "cuda-bindings>=13"), BOARD),
    WheelSet("JetPack 7, OpenCV 4.6", "3.12", f"[cpu,{TOLD}]", ("cuda-bindings>=13", "numpy<2")),
    WheelSet("Raspberry Pi", "3.11", f"[cpu,{TOLD}]"),
)


def platform_options(python: str, machine: str = "aarch64") -> list[str]:
    """The options that let pip choose for another machine; it then takes nothing but wheels."""
    tags = [f"manylinux_2_{glibc}_{machine}" for glibc in GLIBC] + [f"manylinux2014_{machine}"]
    options = ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    return options + [f"--platform={tag}" for tag in tags]


def build_wheel(folder: Path) -> Path:
    """The wheel of this checkout."""
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*words, str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("edge_vad-*.whl")
    return wheel


def resolve(wheel: Path, wanted: WheelSet) -> dict[str, str]:
    """What pip would install: names and versions.

    Raises:
        SystemExit: A wheel is missing, or the constraints forbid one.
    """
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    words += ["--target=nowhere", "--report=-", *platform_options(wanted.python)]
    words += ["-c", str(wanted.constraints)] if wanted.constraints else []
    asked = [f"edge-vad{wanted.extras} @ {wheel.resolve().as_uri()}", *wanted.more]
    done = subprocess.run([*words, *asked], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{wanted.place}, Python {wanted.python}: {done.stderr.strip()[-1000:]}")
    found = [each["metadata"] for each in json.loads(done.stdout)["install"]]
    return {each["name"].lower(): each["version"] for each in found}


def main() -> None:
    """Resolve all of them, and print what would come."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path, nargs="?", help="Default: that of this checkout.")
    wheel = parser.parse_args().wheel
    with tempfile.TemporaryDirectory() as folder:
        wheel = wheel or build_wheel(Path(folder))
        for each in SETS:
            found = resolve(wheel, each)
            shown = " ".join(f"{name}=={version}" for name, version in sorted(found.items()))
            print(f"{each.place}, Python {each.python}: {len(found)} packages\n  {shown}")


if __name__ == "__main__":
    main()
