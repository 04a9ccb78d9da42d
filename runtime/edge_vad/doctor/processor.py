"""The CPU and its memory."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from edge_vad.device.system_files import read_line
from edge_vad.doctor.report import Processor


def read_processor(root: Path = Path("/")) -> Processor:
    """Read what the system tells about its CPU and memory."""
    cpus = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*"))
    governors = {read_line(cpu / "cpufreq/scaling_governor") for cpu in cpus} - {None}
    memory = read_line(root / "proc/meminfo") or ""
    return Processor(
        model=_model(root),
        cores=len(os.sched_getaffinity(0)),
        of_cores=len(cpus) or os.cpu_count() or 1,
        governors=tuple(sorted(governor for governor in governors if governor)),
        memory_gib=_gib(memory, "MemTotal"),
        free_gib=_gib(memory, "MemAvailable"),
    )


def read_system(root: Path = Path("/")) -> str:
    """Name of the operating system, its kernel and its architecture."""
    release = read_line(root / "etc/os-release") or ""
    name = re.search(r'^PRETTY_NAME="?([^"\n]*)', release, re.MULTILINE)
    kernel = f"{platform.system()} {platform.release()} {platform.machine()}"
    return f"{name[1]}, {kernel}" if name else kernel


def _model(root: Path) -> str:
    text = read_line(root / "proc/cpuinfo") or ""
    found = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    board = read_line(root / "proc/device-tree/model")
    return found[1] if found else board or platform.machine()


def _gib(meminfo: str, field: str) -> float | None:
    found = re.search(rf"^{field}:\s*(\d+) kB", meminfo, re.MULTILINE)
    return round(int(found[1]) / 2**20, 1) if found else None
