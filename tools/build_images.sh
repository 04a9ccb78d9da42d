#!/usr/bin/env bash
# Builds targets of deploy/containers/x86.Dockerfile without an engine, and tries them: the steps
# are run in a chroot, on a Debian that is made here, so that nothing comes from a registry of
# containers. Needs Debian and root.
#
#   tools/build_images.sh cpu train        # images localhost/edge-vad:cpu and :train, each tried
#   tools/build_images.sh --demo train     # and the demo in it, from footage to alarm
#
# IMAGES is where images are kept (default: a folder that is removed). PIP_FIND_LINKS, where set, is
# a folder of wheels that pip sees, too, as of PyTorch's build for CPUs.
set -euo pipefail
cd "$(dirname "$0")/.."

demo=no
[[ ${1:-} == "--demo" ]] && { demo=yes; shift; }

if ! command -v buildah >/dev/null || ! command -v mmdebstrap >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends buildah mmdebstrap
fi

images=${IMAGES:-$(mktemp -d)}
[[ -n ${IMAGES:-} ]] || trap 'umount -q "$images"/root/overlay || true; rm -rf "$images"' EXIT
ours() {
  local command=$1
  shift
  buildah --root "$images/root" --runroot "$images/run" "$command" "$@"
}
inside=(--isolation chroot --network host)
links=()
[[ -z ${PIP_FIND_LINKS:-} ]] || links=(--volume "$PIP_FIND_LINKS:$PIP_FIND_LINKS:ro")

# The base: Debian, and the certificates by which this machine knows its registries.
if ! ours images localhost/debian >/dev/null 2>&1; then
  mmdebstrap --quiet --variant=minbase bookworm "$images/debian.tar"
  base=$(ours from scratch)
  ours add --quiet "$base" "$images/debian.tar" / >/dev/null
  ours copy --quiet "$base" /etc/ssl/certs/ca-certificates.crt /etc/ssl/machine.crt >/dev/null
  printf '[global]\ncert = /etc/ssl/machine.crt\n' >"$images/pip.conf"
  ours copy --quiet "$base" "$images/pip.conf" /etc/pip.conf >/dev/null
  ours commit --quiet "$base" localhost/debian >/dev/null
  ours rm "$base" >/dev/null
fi

try() { # a command in an image, as its own user
  local image=$1 container
  shift
  container=$(ours from --pull-never "localhost/edge-vad:$image")
  ours run "${inside[@]}" "$container" -- "$@"
  ours rm "$container" >/dev/null
}

for target in "$@"; do
  ours build-using-dockerfile --layers --pull-never "${inside[@]}" "${links[@]}" \
    --build-arg BASE=localhost/debian --build-arg PIP_FIND_LINKS="${PIP_FIND_LINKS:-}" \
    --file deploy/containers/x86.Dockerfile --target "$target" --tag "localhost/edge-vad:$target" .
  try "$target" sh -c '[ "$(id -u)" = 10001 ] && edge-vad --version && edge-vad selftest'
  if [[ $demo == yes ]]; then try "$target" edge-vad demo --out demo; fi
done
ours images
