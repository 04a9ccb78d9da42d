"""Holds hostile conversations with the page of a run, on loopback, for `hostile.py`."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from hostile_files import SECRET, mutated, small_scene

TOKEN = SECRET * 2
_LIVE = "test://street?seed=1&frames=100000&size=128x96&realtime=1"
_PATHS = [
    "/",
    "/api/site",
    "/api/live",
    "/api/events",
    "/api/events/x/clip",
    "/api/cameras/0/threshold",
]
_PATHS += [
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "//",
    "/\0",
    "/api/live?pictures=" + "0:1:9," * 999,
]
_PATHS += [
    "http://127.0.0.1:1/",
    "*",
    "/" + "a" * 9000,
    "/api/events?limit=9e99&since=nan",
    "/api/login",
]
_HEADERS = [
    "Content-Length: -1",
    "Content-Length: 99999999999",
    "Transfer-Encoding: chunked",
    "Cookie: " + "a=b;" * 2000,
]
_HEADERS += [
    "Range: bytes=" + "0-1," * 2000,
    "Host: evil",
    "Host: 127.0.0.1",
    "Expect: 100-continue",
    "Connection: upgrade",
]
_HEADERS += [
    "Upgrade: websocket",
    "X: " + "x" * 70_000,
    ": ",
    "A\0B: c",
    "Authorization: Bearer x",
    "Origin: http://evil",
]
_HEADERS += [
    "Sec-Fetch-Site: cross-site",
    "Content-Type: application/json",
    "Content-Encoding: gzip",
]
_BODIES = [
    b"",
    b"{}",
    b"[" * 100_000,
    b'{"token": "x"}',
    b"ffffffff\r\nx",
    b"\0" * 1000,
    b'{"false_alarms": 1e999}',
]


def request(dice: random.Random) -> bytes:
    """A request, most often with something wrong in it."""
    method = dice.choice(
        ["GET", "POST", "HEAD", "PUT", "OPTIONS", "TRACE", "CONNECT", "PRI", "\0", "G" * 5000]
    )
    lines = [f"{method} {dice.choice(_PATHS)} HTTP/{dice.choice(['1.1', '1.0', '2.0', '9'])}"]
    lines += dice.sample(_HEADERS, dice.choice([0, 1, 2, 4]))
    content = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + dice.choice(_BODIES)
    return mutated(dice, content) if dice.random() < 0.4 else content


def converse(dice: random.Random, port: int) -> bytes:
    """Say something hostile, and hear what is answered."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        line.settimeout(0.3)
        for _ in range(dice.choice([1, 1, 2, 5])):
            said = request(dice)
            part = len(said) if dice.random() < 0.8 else dice.randrange(len(said))
            line.sendall(said[:part])
        if dice.random() < 0.1:
            return b""  # without a farewell
        heard = b""
        with suppress(OSError):
            while len(heard) < 2**20 and (chunk := line.recv(65536)):
                heard += chunk
        return heard
    return b""


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(port: int, patience_s: float) -> bool:
    """Whether the page answers in this time."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            if line.recv(64).startswith(b"HTTP/1.1 "):
                return True
        time.sleep(0.2)
    return False


def check(count: int, seconds: float, seed: int) -> int:
    """Converse with a run; prints how it fared, and returns how many rules were broken."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        folder, port = Path(home), free_port()
        (folder / "scene.onnx").write_bytes(small_scene())
        words = ["run", "scene.onnx", _LIVE, "--out", "out", "--serve", str(port)]
        command = [sys.executable, "-m", "edge_vad", *words]
        said = folder / "said"
        with said.open("wb") as file:
            run = subprocess.Popen(
                command, cwd=folder, stdout=file, stderr=file, env=_environment()
            )
        try:
            told = _conversations(port, count, began + seconds, seed)
            faults = _faults(run, port, told)
        finally:
            run.kill()
            run.wait()
        text = said.read_text(errors="replace")
    faults += ["traceback"] * ("Traceback" in text) + ["a secret"] * (SECRET in text)
    faults += ["a long log"] * (len(text) > 1_000_000)
    seconds = time.monotonic() - began
    print(
        f"conversations: {count} in {seconds:.0f} s; {', '.join(faults) or 'no rule'} broken",
        flush=True,
    )
    if faults:
        print("    " + text[-2000:].replace("\n", "\n    "))
    return len(faults)


def _environment() -> dict[str, str]:
    return {**os.environ, "EDGE_VAD_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"}


def _conversations(port: int, count: int, until: float, seed: int) -> list[bytes]:
    """What was answered."""
    told: list[bytes] = []
    if not answers(port, 60):
        return told
    while len(told) < count and time.monotonic() < until:
        told.append(converse(random.Random(f"{seed} {len(told)}"), port))  # noqa: S311
    return told


def _faults(run: subprocess.Popen[bytes], port: int, told: list[bytes]) -> list[str]:
    faults = ["a secret told"] * any(SECRET.encode() in each for each in told)
    faults += ["a traceback told"] * any(b"Traceback" in each for each in told)
    faults += ["a server's error"] * any(b"HTTP/1.1 500" in each for each in told)
    faults += ["no answer"] * (not answers(port, 10))
    if run.poll() is None:
        peak = int(Path(f"/proc/{run.pid}/status").read_text().split("VmHWM:")[1].split()[0])
        faults += [f"{peak // 1024} MB"] * (peak > 2**20)
    run.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        run.wait(20)
    return faults + [f"exit code {run.returncode}"] * (run.returncode not in (0, 130))
