"""A Triton server of this machine, installed by tools/install_triton.sh."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import tritonclient.grpc as triton

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".triton"
PACKAGES = HOME / "packages"
_LONGEST_S = 120.0


class TritonServer:
    """Serves a model repository on a port of this machine, as long as it is entered.

    Args:
        repository: The model repository.
        port: Of gRPC; the same after a restart.
        log: Where it writes what it has to say.
    """

    def __init__(self, repository: Path, port: int, log: Path) -> None:
        self.port = port
        self._repository, self._log = repository, log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> TritonServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        words = [
            str(PACKAGES / "pytriton/tritonserver/bin/tritonserver"),
            *("--model-repository", str(self._repository)),
            *("--backend-directory", str(HOME / "backends")),
            *("--allow-http", "false", "--allow-metrics", "false"),
            *("--grpc-address", "127.0.0.1", "--grpc-port", str(self.port)),
        ]
        libraries = {"LD_LIBRARY_PATH": str(PACKAGES / "nvidia_pytriton.libs")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                words, stdout=log, stderr=log, env=os.environ | libraries
            )
        self._wait()

    def kill(self) -> None:
        """Kill it, as a machine that goes dark."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _wait(self) -> None:
        until = time.monotonic() + _LONGEST_S
        with triton.InferenceServerClient(f"127.0.0.1:{self.port}") as client:
            while time.monotonic() < until:
                if self._process and self._process.poll() is not None:
                    break
                try:
                    if client.is_server_ready(client_timeout=1):
                        return
                except triton.InferenceServerException:
                    time.sleep(0.1)
        self.kill()
        sys.exit(f"the server did not start; {self._log} says why")
