"""A service of the user's own systemd, which watches a site from boot on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from edge_vad.errors import BadInput, EdgeVadError, Unavailable, WrongUse
from edge_vad.files.atomic import make_private_folder, write_whole

_UNIT = """\
# Watches the cameras of {site}, from boot on. Written by edge-vad service.
[Unit]
Description=edge-vad: video anomaly detection
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStart="{python}" -m edge_vad run --config "{site}" --log-json
WorkingDirectory={folder}
# No word for half a minute: the device or its driver hangs.
WatchdogSec=30
Restart=always
RestartSec=5
TimeoutStartSec=15min
TimeoutStopSec=10
# What is written shows people: for this user alone.
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""
_ODD = re.compile(r"[^\w@+=:,./ -]")
_PATIENCE_S = 60.0


def unit_text(site: Path, python: Path) -> str:
    """The unit that watches a site.

    Args:
        site: The site file; absolute.
        python: What runs edge-vad; absolute.

    Raises:
        WrongUse: A path holds a character that systemd reads otherwise.
    """
    paths = {"site": _plain(site), "python": _plain(python), "folder": _plain(site.parent)}
    return _UNIT.format(**paths)


def unit_path(name: str) -> Path:
    """Where the unit of this name lies.

    Raises:
        WrongUse: It is no name of a unit.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise WrongUse(f"{name!r} is no name of a service", "use letters, digits, _ and -")
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home, "systemd", "user", f"{name}.service")


def install_commands(name: str) -> list[list[str]]:
    """The commands that take a written unit up, now and at every boot."""
    return [
        ["systemctl", "--user", "daemon-reload"],
        ["systemctl", "--user", "enable", "--now", f"{name}.service"],
        ["loginctl", "enable-linger"],
    ]


def write_unit(path: Path, text: str) -> None:
    """Write the unit, whole or not at all.

    Raises:
        BadInput: It cannot be written.
    """
    try:
        make_private_folder(path.parent)
        write_whole(path, text.encode())
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written ({error.strerror})", "make its folder writable"
        ) from None


def has_systemd() -> bool:
    """Whether there is a systemd that runs services of this user."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return shutil.which("systemctl") is not None and Path(runtime, "systemd").is_dir()


def demand_systemd() -> None:
    """See to it that there is a systemd of the user's own.

    Raises:
        Unavailable: There is none.
    """
    if shutil.which("systemctl") is None:
        raise Unavailable(
            "this machine has no systemd, which runs services",
            "let whatever starts programs here run: edge-vad run --config site.toml",
        )


def run_command(words: list[str]) -> None:
    """Run one of the commands.

    Raises:
        EdgeVadError: It failed.
    """
    try:
        done = subprocess.run(  # noqa: S603 - words of ours
            words, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EdgeVadError(
            f"{words[0]} could not be run ({type(error).__name__})", "give the command by hand"
        ) from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        why = f" ({said[-1][:200]})" if said else ""
        raise EdgeVadError(f"{' '.join(words)} failed{why}", "give the command by hand")


def _plain(path: Path) -> str:
    text = str(path)
    if _ODD.search(text):
        raise WrongUse(
            f"systemd would read the path {text!r} otherwise",
            "move the site into a folder whose path has letters, digits and - only",
        )
    return text
