#!/usr/bin/env bash
# Boots a tiny guest under QEMU's software emulation, on a copy-on-write overlay, until its console says that it is up.
#
#   examples/tiny-guest/boot-check.sh IMAGE.qcow2 [VERSION]
#
# Prints the console; fails when the guest is of another version, or is not up within 180 s (LIMIT=).
set -euo pipefail
image=${1:?usage: boot-check.sh IMAGE.qcow2 [VERSION]}
command -v qemu-system-x86_64 >/dev/null || { echo "boot-check.sh: install qemu-system-x86 first" >&2; exit 1; }
console=$(mktemp)
qemu-system-x86_64 -accel tcg -m 256 -display none -monitor none -no-reboot -serial "file:$console" \
  -drive "file=$image,format=qcow2,if=virtio,snapshot=on" -nic user,model=virtio-net-pci 2>/dev/null &
guest=$!
trap 'kill "$guest" 2>/dev/null; rm -f "$console"' EXIT
for ((second = 0; second < ${LIMIT:-180}; second++)); do
  up=$(tr -d '\r' <"$console" | sed -n 's/^tiny-guest: up after .* tiny-guest, version \([0-9]*\)$/\1/p')
  [ -z "$up" ] || break
  kill -0 "$guest" 2>/dev/null || break
  sleep 1
done
tr -d '\r' <"$console"
[ -n "${up:-}" ] || { echo "boot-check.sh: the guest of $image was not up after $second s" >&2; exit 1; }
[ "$up" = "${2:-$up}" ] || { echo "boot-check.sh: $image is version $up, not $2" >&2; exit 1; }
