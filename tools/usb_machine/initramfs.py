"""The archive that a kernel begins with, in the format newc."""

from __future__ import annotations

import stat
from pathlib import Path

_FOLDERS = ("bin", "dev", "host", "modules", "over", "proc", "root", "sys")
_CONSOLE = (5, 1)


def initramfs(busybox: Path, modules: dict[str, bytes]) -> bytes:
    """Pack `init.sh`, busybox, and modules in the order in which they are to be loaded."""
    packed = [_entry(name, stat.S_IFDIR | 0o755) for name in _FOLDERS]
    packed.append(_entry("dev/console", stat.S_IFCHR | 0o600, device=_CONSOLE))
    packed.append(_entry("bin/busybox", stat.S_IFREG | 0o755, busybox.read_bytes()))
    init = Path(__file__).with_name("init.sh").read_bytes()
    packed.append(_entry("init", stat.S_IFREG | 0o755, init))
    for number, (name, content) in enumerate(modules.items()):
        packed.append(_entry(f"modules/{number:02d}-{name}.ko", stat.S_IFREG | 0o644, content))
    packed.append(_entry("TRAILER!!!", 0))
    return b"".join(packed)


def _entry(name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)) -> bytes:
    text = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(text), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + text
    return _filled(head) + _filled(content)


def _filled(part: bytes) -> bytes:
    return part + bytes(-len(part) % 4)
