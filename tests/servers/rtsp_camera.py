"""A real RTSP camera for tests, on a free port of this machine; it can be killed and revived."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType

import pytest
from free_port import free_port

PYTHON = Path("/usr/bin/python3")
SERVER = Path(__file__).with_name("rtsp_server.py")
_CHECK = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, "
    "GstRtspServer; Gst.init(None); assert Gst.ElementFactory.find('x264enc')"
)


def require(present: bool, what: str) -> None:
    """Skip the test where a server is missing; on a build machine that is a failure."""
    if present:
        return
    message = f"{what} is missing: run tools/install_test_servers.sh"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def has_rtsp_server() -> bool:
    """Whether the system's Python has GStreamer's RTSP server, with all it needs here."""
    if not PYTHON.exists():
        return False
    return subprocess.run([PYTHON, "-c", _CHECK], capture_output=True).returncode == 0


class RtspCamera:
    """Plays a folder of `000000.jpg` ..., or an mp4 of H.264, at `url`."""

    def __init__(self, place: Path, fps: int = 8, account: tuple[str, str] | None = None) -> None:
        self.port = free_port()
        secret = "{}:{}@".format(*account) if account else ""
        self.url = f"rtsp://{secret}127.0.0.1:{self.port}/live"
        self._words = [str(self.port), str(place), str(fps), *(account or ())]
        self._process: subprocess.Popen[str] | None = None
        self.revive()

    def revive(self) -> None:
        """Start the camera and wait until it listens."""
        command = [str(PYTHON), str(SERVER), *self._words]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        """As if its plug were pulled: the connection is broken off."""
        if self._process:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout
            self._process.stdout.close()
            self._process = None

    def show(self, place: Path) -> None:
        """Start again, with other pictures."""
        self._words[1] = str(place)
        self.revive()

    def stall(self) -> None:
        """Send nothing any more, but leave the connection open."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def __enter__(self) -> RtspCamera:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
