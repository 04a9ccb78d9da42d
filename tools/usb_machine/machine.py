"""A machine in QEMU that runs Debian's kernel on the files of this one."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from usb_machine.initramfs import initramfs
from usb_machine.kernel import Modules, bare_kernel

_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "vhci_hcd", "uvcvideo")
_CORES, _MEMORY = 2, "3G"


def start(
    kernel: Path, shared: Path, command: list[str], accelerator: str
) -> subprocess.Popen[str]:
    """Boot it; it runs a command as root, and ends.

    It sees all files of this machine, changes none, and has no network.

    Args:
        kernel: What `kernel.unpack` gave.
        shared: A folder that it sees as `/run/shared` and may change.
        command: What it runs, with this process's environment.
        accelerator: `kvm`, or `tcg`: every instruction in software.
    """
    image = next((kernel / "boot").glob("vmlinuz-*")).read_bytes()
    (shared / "vmlinux").write_bytes(bare_kernel(image))
    modules = Modules(kernel / "lib/modules").in_order(*_MODULES)
    (shared / "initramfs").write_bytes(initramfs(kernel / "bin/busybox", modules))
    kept = ("PATH", "PYTHONPATH", "LANG", "EDGE_VAD_SILENT")
    said = [f"export {name}={shlex.quote(os.environ[name])}" for name in kept if name in os.environ]
    (shared / "start.sh").write_text("\n".join([*said, shlex.join(command), ""]))
    return subprocess.Popen(
        _qemu(shared, accelerator),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def _qemu(shared: Path, accelerator: str) -> list[str]:
    # Some machines that are virtual themselves refuse the register of arch-capabilities.
    processor = {"kvm": "host,-arch-capabilities", "tcg": "max"}[accelerator]
    return [
        *("qemu-system-x86_64", "-machine", "q35", "-accel", accelerator, "-cpu", processor),
        *("-smp", str(_CORES), "-m", _MEMORY, "-nodefaults", "-no-user-config", "-no-reboot"),
        *("-display", "none", "-serial", "stdio"),
        *("-kernel", str(shared / "vmlinux"), "-initrd", str(shared / "initramfs")),
        *("-append", "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off"),
        *_folder("host", Path("/"), ",readonly=on"),
        *_folder("shared", shared),
    ]


def _folder(tag: str, path: Path, more: str = "") -> list[str]:
    local = f"local,id={tag},path={path},security_model=none,multidevs=remap{more}"
    return ["-fsdev", local, "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
