#!/usr/bin/env bash
# Installs QEMU, which tools/check_usb.py boots a kernel in, on Debian. Needs root, or sudo that asks
# for no password.
set -euo pipefail

command -v qemu-system-x86_64 >/dev/null && exit 0
as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo -n)
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends qemu-system-x86
