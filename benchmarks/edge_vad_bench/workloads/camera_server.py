"""Plays a recording as many RTSP cameras, in a process of its own.

Run with the system's Python, which has GStreamer's bindings:

    /usr/bin/python3 camera_server.py FILE

Prints its port once it listens. The file's packets are sent as they are; everybody who connects
sees it from its beginning.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PYTHON = Path("/usr/bin/python3")
LACK = (
    "GStreamer's server is not here (sudo apt install gir1.2-gst-rtsp-server-1.0 python3-gi "
    "gstreamer1.0-plugins-good)"
)
_TICKS = os.sysconf("SC_CLK_TCK")


class CameraServer:
    """A server that plays a recording at `url`.

    Args:
        path: The recording, an mp4 of H.264.
    """

    def __init__(self, path: Path) -> None:
        python = PYTHON if PYTHON.exists() else Path(sys.executable)
        command = [str(python), __file__, str(path)]
        self._process = subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout  # noqa: S101 - it was asked for
        self._port = self._process.stdout.readline().strip()

    @property
    def is_there(self) -> bool:
        """Whether it listens: this machine may lack what it needs."""
        return self._port.isdigit()

    @property
    def url(self) -> str:
        """Where it plays."""
        return f"rtsp://127.0.0.1:{self._port}/live"

    def cpu_s(self) -> float:
        """CPU time that it used so far, s."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        except OSError:
            return 0.0
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / _TICKS

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def serve(path: str) -> None:
    """Play a file until the process is killed."""
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer

    Gst.init(None)
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service="0")
    factory = GstRtspServer.RTSPMediaFactory()
    place = path.replace("\\", "\\\\").replace('"', '\\"')
    # Its SDP has the parameter sets. Sent with key frames they would stand before every slice of
    # them, and cut each picture of several slices in two.
    factory.set_launch(f'( filesrc location="{place}" ! qtdemux ! rtph264pay name=pay0 )')
    server.get_mount_points().add_factory("/live", factory)
    server.attach(None)
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(sys.argv[1])
