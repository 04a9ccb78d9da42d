#!/usr/bin/env bash
# Installs what tools/check_arm64.py needs, on Debian: QEMU's user mode for arm64, which the kernel
# is told to run arm64 programs with, and mmdebstrap. Needs root, or sudo that asks for no password.
set -euo pipefail

as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo -n)
if ! command -v qemu-aarch64-static mmdebstrap arch-test >/dev/null; then
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
    arch-test binfmt-support mmdebstrap qemu-user-static
fi
# Until this machine restarts; systemd does the same at its start.
formats=/proc/sys/fs/binfmt_misc
[[ -e $formats/register ]] || "${as_root[@]}" mount -t binfmt_misc binfmt_misc $formats
[[ -e $formats/qemu-aarch64 ]] || "${as_root[@]}" update-binfmts --enable qemu-aarch64
