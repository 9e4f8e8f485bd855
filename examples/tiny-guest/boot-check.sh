#!/usr/bin/env bash
# Boots a tiny guest under QEMU's software emulation, on a copy-on-write overlay, until its console says that it is up.
#
#   examples/tiny-guest/boot-check.sh IMAGE.qcow2 [VERSION]
#
# Prints the console; fails when the line, with that version, does not come within 180 s (LIMIT=).
set -euo pipefail
image=${1:?usage: boot-check.sh IMAGE.qcow2 [VERSION]}
wanted="tiny-guest: up after .* tiny-guest, version ${2:-[0-9]+}"
command -v qemu-system-x86_64 >/dev/null || { echo "boot-check.sh: install qemu-system-x86 first" >&2; exit 1; }
console=$(mktemp)
qemu-system-x86_64 -accel tcg -m 256 -display none -monitor none -no-reboot -serial "file:$console" \
  -drive "file=$image,format=qcow2,if=virtio,snapshot=on" -nic user,model=virtio-net-pci &
guest=$!
trap 'kill "$guest" 2>/dev/null; rm -f "$console"' EXIT
for ((second = 0; second < ${LIMIT:-180}; second++)); do
  if grep -Eq "$wanted([^0-9]|$)" "$console"; then tr -d '\r' <"$console"; exit 0; fi
  kill -0 "$guest" 2>/dev/null || break
  sleep 1
done
tr -d '\r' <"$console" >&2
echo "boot-check.sh: no line \"$wanted\" on the console of $image after $second s" >&2
exit 1
