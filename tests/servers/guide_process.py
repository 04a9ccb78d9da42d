"""A process of `edge-vad init --serve`, and whoever answers its questions."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any


class Guide:
    """A process of `edge-vad init --serve`, and what it has printed."""

    def __init__(self, folder: Path, port: int, *words: str) -> None:
        self.folder, self.port = folder, port
        self.log = folder / f"log{time.monotonic_ns()}"
        command = [sys.executable, "program.py", "init", "--serve", f"127.0.0.1:{port}", *words]
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=log, stderr=log
            )
        wait_for(lambda: "open http://" in self.text or self.process.poll() is not None)

    @property
    def text(self) -> str:
        return self.log.read_text()

    @property
    def commands(self) -> list[str]:
        return re.findall(r"^\$ edge-vad (\w+)", self.text, re.M)

    @property
    def token(self) -> str:
        return (self.folder / "secrets" / "edit-token").read_text().strip()

    def ask(self, path: str, body: object = None, token: str = "") -> Any:
        """Ask the page; the answer's status, or what it says where that is 200."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with closing(connection):
            connection.request("GET" if data is None else "POST", path, data, headers)
            answer = connection.getresponse()
            return json.load(answer) if answer.status == 200 else answer.status

    def asked(self) -> dict[str, Any]:
        """What it asks, as soon as it does."""
        found: list[dict[str, Any]] = []

        def is_asked() -> bool:
            question = self.ask("/api/guide")["told"]["question"]
            found.extend([question] if question else [])
            return bool(found)

        wait_for(is_asked)
        return found[-1]

    def answer(self, text: str) -> None:
        """Answer what it asks."""
        question = self.asked()["number"]
        body = {"question": question, "answer": text}
        assert self.ask("/api/guide/answer", body, self.token) == {"ok": True}
        wait_for(
            lambda: (self.ask("/api/guide")["told"]["question"] or {}).get("number") != question
        )

    def end(self) -> str:
        """End it with Ctrl-C; what it has printed."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return self.text


def wait_for(there: Callable[[], object], seconds: float = 90.0) -> None:
    """Wait until something is true."""
    until = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < until
        time.sleep(0.1)
