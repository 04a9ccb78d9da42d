#!/usr/bin/env bash
# Installs the servers that the tests talk to, on Debian and Ubuntu: an RTSP server, an MQTT broker,
# Prometheus and a browser. Does nothing where all are there. Needs root, or sudo that asks for no
# password.
#
#   tools/install_test_servers.sh [--quiet-unless-possible]
#
# With --quiet-unless-possible it says one line and succeeds where nothing can be installed: the
# tests that miss a server say so themselves.
set -euo pipefail

packages=()
want() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed' || packages+=("$1"); }

give_up() {
  echo "test servers not installed: $1" >&2
  [[ ${lenient} == yes ]] && exit 0
  exit 1
}

lenient=no
[[ ${1:-} == --quiet-unless-possible ]] && lenient=yes

command -v apt-get dpkg-query >/dev/null || give_up "this is neither Debian nor Ubuntu"

want gir1.2-gst-rtsp-server-1.0
want python3-gi
want gstreamer1.0-plugins-base
want gstreamer1.0-plugins-good
want gstreamer1.0-plugins-ugly   # H.264 as cameras send it
want mosquitto
want prometheus
# Ubuntu's package chromium only points to a snap.
if grep -q '^ID=debian' /etc/os-release; then want chromium; fi

[[ ${#packages[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null && sudo -n true 2>/dev/null || give_up "needs root: ${packages[*]}"
  as_root=(sudo -n)
fi

echo "installing ${packages[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A broker that starts with the machine is not what the tests want: theirs are on ports of their own.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
if ! {
  "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}"
} >"$log" 2>&1; then
  tail -n 5 "$log" >&2
  give_up "apt-get failed"
fi
