"""Checks our TensorRT code against the real signatures of TensorRT 10.3, 10.13 and 11.4.

NVIDIA's bindings are small wheels, and say by themselves what they offer once they are imported. To
import them without the libraries, which take gigabytes, a library that answers NULL stands in for
them. Wheels and generated stubs stay in a folder that git ignores.

    python tools/typecheck_tensorrt.py
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "tensorrt"
RELEASES = {
    "10.3": ("tensorrt-cu12-bindings", "10.3.0", 10),
    "10.13": ("tensorrt-cu12-bindings", "10.13.3.9", 10),
    "11.4": ("tensorrt-cu13-bindings", "11.4.0.106", 11),
}
"""What is checked: the package, its version, and the number in the names of its libraries."""

ABSENT = {
    "10.3": ("NO_SUCH_FLAG",),
    "10.13": ("NO_SUCH_FLAG",),
    "11.4": ("NO_SUCH_FLAG", "FP16", "INT8", "OBEY_PRECISION_CONSTRAINTS"),
}
"""Flags that a release has not, and the check must say so; 11 took away those of precision."""

CHECKED = (
    "runtime/edge_vad/backends/tensorrt.py",
    "runtime/edge_vad/backends/tensorrt_library.py",
    "export/edge_vad_export/engines",
)
LIBRARIES = ("libnvinfer", "libnvonnxparser", "libnvinfer_plugin")
_BUFFER = "    def __buffer__(self, flags: int) -> memoryview: ...\n"
FUNCTIONS = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "getBuilderPluginRegistry",
    "getNvOnnxParserVersion",
    "getPluginRegistry",
    "initLibNvInferPlugins",
)


def main() -> int:
    """Check all releases; gives the exit code."""
    if not shutil.which("cc"):
        print("TensorRT's signatures are not checked: there is no C compiler, cc")
        return 1 if os.environ.get("CI") else 0
    failed = [name for name in RELEASES if not check(name)]
    return 1 if failed else 0


def check(name: str) -> bool:
    """Check our code against one release, and say how it went."""
    if name == "10.3" and sys.version_info >= (3, 13):
        print("TensorRT 10.3 is not checked: it has no bindings for Python 3.13 or newer")
        return not os.environ.get("CI")
    started = time.monotonic()
    stubs = CACHE / f"stubs-{RELEASES[name][1]}"
    if not (stubs / "tensorrt").is_dir():
        try:
            generate(name, stubs)
        except subprocess.CalledProcessError as error:
            print(f"TensorRT {name}: its signatures cannot be had ({error})")
            return False
    wrong = CACHE / "wrong.py"
    flags = ABSENT[name]
    lines = "".join(f"tensorrt.BuilderFlag.{flag}\n" for flag in flags)
    wrong.write_text(f"import tensorrt\n\n{lines}")
    complaints = "\n".join(run_mypy(name, stubs, str(wrong)))
    unseen = [flag for flag in flags if f'no attribute "{flag}"' not in complaints]
    if unseen:
        print(f"TensorRT {name}: {unseen[0]}, a flag that does not exist, was not found")
        return False
    *found, verdict = run_mypy(name, stubs, *CHECKED)
    print(f"TensorRT {name}, {time.monotonic() - started:.0f} s: {verdict}")
    for line in found:
        print(f"  {line}")
    return verdict.startswith("Success")


def run_mypy(name: str, stubs: Path, *paths: str) -> list[str]:
    """What mypy says of some files; the last line is its verdict."""
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(CACHE / f"mypy-{name}")]
    environment = {**os.environ, "MYPYPATH": str(stubs)}
    done = subprocess.run(
        [*command, *paths], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    return done.stdout.strip().splitlines() or [done.stderr.strip()]


def generate(name: str, stubs: Path) -> None:
    """Let a release say what it offers, and write that as stubs."""
    package, version, number = RELEASES[name]
    wheels, home = CACHE / "wheels", CACHE / version
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels)]
    subprocess.run([*pip, "--disable-pip-version-check", f"{package}=={version}"], check=True)
    (wheel,) = wheels.glob(f"{package.replace('-', '_')}-{version}-*.whl")
    shutil.rmtree(home, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home)
    compile_stand_ins(home, number)
    environment = {**os.environ, "LD_LIBRARY_PATH": str(home), "PYTHONPATH": str(home)}
    staged = CACHE / f"partial-{version}"
    shutil.rmtree(staged, ignore_errors=True)
    words = [sys.executable, "-W", "ignore", "-m", "pybind11_stubgen", "tensorrt_bindings"]
    words += ["--ignore-all-errors", "--output-dir", str(staged)]
    subprocess.run(words, env=environment, check=True, capture_output=True)
    mend(staged)
    shutil.rmtree(stubs, ignore_errors=True)
    staged.rename(stubs)


def compile_stand_ins(home: Path, number: int) -> None:
    """Compile a library that answers NULL, under the names that the bindings ask for."""
    source = home / "stand_in.c"
    source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in FUNCTIONS))
    for library in LIBRARIES:
        file = home / f"{library}.so.{number}"
        words = ["cc", "-shared", "-fPIC", "-o", str(file), str(source)]
        subprocess.run([*words, f"-Wl,-soname,{file.name}"], check=True)


def mend(stubs: Path) -> None:
    """Make Python of what the generator took over word by word, and name it `tensorrt`."""
    for file in stubs.rglob("*.pyi"):
        text = file.read_text()
        text = re.sub(r"\bin: ", "in_: ", text)  # an argument that is called like a keyword
        # An argument that must be given stands after some that need not be.
        text = re.sub(r"(def add_scale_nd.*channel_axis: [\w.]+)\)", r"\1 = ...)", text)
        # The module has a `bool` of its own, and its methods mean Python's.
        text = re.sub(r"(-> |: )bool\b", r"\1builtins.bool", text)
        # Before Python 3.12 a class does not tell that it is a buffer.
        text = re.sub(r"(class IHostMemory:\n)", rf"\1{_BUFFER}", text)
        file.write_text(text.replace("import typing\n", "import builtins\nimport typing\n", 1))
    package = stubs / "tensorrt"
    package.mkdir()
    (package / "__init__.pyi").write_text("from tensorrt_bindings.tensorrt import *\n")


if __name__ == "__main__":
    sys.exit(main())
