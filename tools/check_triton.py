"""A real Triton on this machine's CPU scores as edge-vad does by itself; how long does it take?

    tools/install_triton.sh
    python tools/check_triton.py [--seconds 60] [--clients 32] [--only PART]

It exports a scene that is given motion, and one that measures it, into a model repository, and
serves that as it is. Then:

1. `edge-vad score` by the server, in messages and in shared memory, gives this machine's scores.
2. One client, as quick as it can: milliseconds of a frame, beside those of this machine.
3. Many cameras at the rate of the scene: none fails, and every score is right.
4. The same while the server is killed and started again: all recover, and every score is right.

Without --scene a simulated street is learnt first, which takes some minutes. It prints a table, and
with --json FILE it writes the figures.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / each) for each in ("runtime", "tests/servers", "tools")]

from free_port import free_port  # noqa: E402
from triton_clients import Load, Outcome, milliseconds, watch  # noqa: E402
from triton_server import HOME, TritonServer  # noqa: E402

from edge_vad.backends.triton.naming import model_name  # noqa: E402

CLOSE = 1e-5
"""That a score may differ by, over the score where that is beyond 1."""
STREET = "test://street?seed={}&size=360x240&fps=10&frames={}"
WAYS = {"local": None, "gRPC": "", "shared memory": "memory=shared"}
PROCESSES = 4
PATIENCE_S = 120.0
PARTS = ("scores", "alone", "clients", "killed")
Figures = tuple[str, dict[str, float]]
DEADLINE = "deadline=10"
"""Of every frame: a busy machine is no fault."""


def edge_vad(*words: object) -> None:
    """Run a command of edge-vad; what it says goes to stderr."""
    command = [sys.executable, "-m", "edge_vad", *map(str, words)]
    done = subprocess.run(command, stdout=sys.stderr, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")


def learn(folder: Path) -> tuple[Path, Path]:
    """Learn a street for a moment: scores mean nothing, and computing them takes as long."""
    trained = folder / "street"
    edge_vad("train", STREET.format(1, 300), "--steps", 20, "--out", trained)
    edge_vad("export", trained, "--out", folder / "street.onnx")
    edge_vad("export", trained, "--motion-in-graph", "--out", folder / "inside.onnx")
    return folder / "street.onnx", folder / "inside.onnx"


def scored(scene: Path, out: Path, *options: str) -> list[float | None]:
    """The scores of a recording."""
    edge_vad("score", scene, STREET.format(9, 30), "--out", out, *options)
    (file,) = out.glob("*/scores.jsonl")
    return [json.loads(line)["score"] for line in file.read_text().splitlines()]


def farthest(found: Sequence[float | None], expected: Sequence[float | None]) -> float:
    """Largest difference of scores, over the score where that is beyond 1."""
    if [each is None for each in found] != [each is None for each in expected]:
        return float("inf")
    pairs = ((a, b) for a, b in zip(found, expected, strict=True) if a is not None and b)
    return max((abs(a - b) / max(1.0, abs(b)) for a, b in pairs), default=float("inf"))


def compare(scene: Path, port: int, folder: Path) -> dict[str, float]:
    """How far scores by the server are from those of this machine."""
    expected = scored(scene, folder / f"{scene.stem}-local")
    return {
        way: farthest(
            scored(scene, folder / f"{scene.stem}-{way}", "--backend", address(scene, port, way)),
            expected,
        )
        for way in list(WAYS)[1:]
    }


def address(scene: Path, port: int, way: str) -> str:
    """Of a scene on the server."""
    options = "&".join(each for each in (WAYS[way], DEADLINE) if each)
    return f"triton://127.0.0.1:{port}/{model_name(scene)}?{options}"


def alone(scene: Path, port: int, way: str, frames: int) -> dict[str, float]:
    """Milliseconds of a frame of one client, as quick as it can; `cpu` is what it computes."""
    backend = "onnxruntime" if way == "local" else address(scene, port, way)
    load = Load(str(scene), backend, cameras=1, frames=frames)
    found = watch([load])
    return milliseconds(found) | {"cpu": round(1e3 * found.cpu_s / len(found.times), 3)}


@contextmanager
def killed_meanwhile(server: TritonServer, signs: Sequence[Path], seconds: float) -> Iterator[None]:
    """Kill the server a while after all score, and start it again three seconds later."""

    def kill() -> None:
        while not all(each.exists() for each in signs):
            time.sleep(0.1)
        time.sleep(seconds / 3)
        server.kill()
        time.sleep(3)
        server.start()

    killing = threading.Thread(target=kill, daemon=True)
    killing.start()
    yield
    killing.join(PATIENCE_S)


def many(
    scene: Path, backend: str, clients: int, given: argparse.Namespace, signs: Sequence[Path]
) -> Outcome:
    """Many cameras at a rate, spread over some processes, each with a client of its own."""
    shares = [clients // len(signs) + (each < clients % len(signs)) for each in range(len(signs))]
    return watch(
        [
            Load(str(scene), backend, each, given.rate, given.seconds, sign=str(sign))
            for each, sign in zip(shares, signs, strict=True)
        ]
    )


class Check:
    """The scenes, the server, and what was asked for.

    Args:
        given: The options.
        scenes: What they are called, to the scene models.
        server: Serves them.
        folder: For what passes.
    """

    def __init__(
        self,
        given: argparse.Namespace,
        scenes: dict[str, Path],
        server: TritonServer,
        folder: Path,
    ) -> None:
        self._given, self._scenes, self._server, self._folder = given, scenes, server, folder
        self._lean = next(iter(scenes.values()))

    def scores(self) -> Iterator[Figures]:
        """Scores of a recording, by the server and by this machine."""
        for name, scene in self._scenes.items():
            yield f"scores, {name}", compare(scene, self._server.port, self._folder)

    def alone(self) -> Iterator[Figures]:
        """One client, as quick as it can."""
        for name, scene in self._scenes.items():
            frames = 500 if scene is self._lean else 50
            for way in WAYS:
                yield f"one client, {name}, {way}", alone(scene, self._server.port, way, frames)

    def clients(self) -> Iterator[Figures]:
        """Many cameras at a rate."""
        given = self._given
        for way in WAYS:
            signs = self._signs(way, given.clients)
            found = many(self._lean, self._backend(self._lean, way), given.clients, given, signs)
            yield f"{given.clients} clients, {way}", milliseconds(found) | found.counts

    def killed(self) -> Iterator[Figures]:
        """The same, while the server is killed and started again."""
        for name, scene in self._scenes.items():
            clients = self._given.clients if scene is self._lean else 2
            for way in list(WAYS)[1:]:
                signs = self._signs(f"{name}-{way}", clients)
                with killed_meanwhile(self._server, signs, self._given.seconds):
                    found = many(scene, self._backend(scene, way), clients, self._given, signs)
                yield f"killed, {name}, {way}", dict(found.counts)

    def _signs(self, name: str, clients: int) -> list[Path]:
        """Files that say that all cameras of a process score."""
        return [self._folder / f"{name}-{number}" for number in range(min(clients, PROCESSES))]

    def _backend(self, scene: Path, way: str) -> str:
        return "onnxruntime" if way == "local" else address(scene, self._server.port, way)


def run(given: argparse.Namespace, folder: Path) -> Iterator[Figures]:
    """Do what was asked for; the figures, as they are found."""
    lean, inside = (given.scene, given.motion_scene) if given.scene else learn(folder)
    scenes = {"motion on the node": lean}
    if inside:
        scenes["motion inside"] = inside
    for scene in scenes.values():
        edge_vad("export", scene, "--triton", folder / "models")
    with TritonServer(folder / "models", free_port(), HOME / "server.log") as server:
        check = Check(given, scenes, server, folder)
        for part in given.only or PARTS:
            yield from getattr(check, part)()


def why_wrong(name: str, found: dict[str, float]) -> str:
    """What is not as it should be; empty where all is well."""
    if name.startswith("scores") and max(found.values()) > CLOSE:
        return f"{name}: they differ by more than {CLOSE}"
    if found.get("wrong"):
        return f"{name}: {found['wrong']} wrong scores"
    if "clients" in name and found.get("away"):
        return f"{name}: {found['away']} frames failed"
    if name.startswith("killed") and found["recovered"] < found["cameras"]:
        return f"{name}: only {found['recovered']} of {found['cameras']} went on afterwards"
    return ""


def main() -> None:
    """Do it, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rate", type=float, default=10.0, help="frames a second of a camera")
    parser.add_argument("--scene", type=Path, help="a scene that is given motion")
    parser.add_argument("--motion-scene", type=Path, help="one that measures it")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part of it")
    parser.add_argument("--json", type=Path, help="where the figures are written")
    given = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, found in run(given, Path(folder)):
            figures[name] = found
            print(f"{name}: {', '.join(f'{key} {found[key]:g}' for key in found)}", flush=True)
            if given.json:
                given.json.write_text(json.dumps(figures, indent=1) + "\n")
    if wrong := [why for each in figures.items() if (why := why_wrong(*each))]:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
