import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Exec} from '../exec.ts';

/** What a run says where they are used. */
export const STAND_IN_NOTE = 'this kernel has no device-mapper: each partition becomes a loop device of its own';

/** True where the kernel has no device-mapper, not even as a module; then kpartx cannot work. */
export async function needsStandIns(exec: Exec): Promise<boolean> {
  return !(await hasDeviceMapper()) && !((await loadModule(exec)) && (await hasDeviceMapper()));
}

/** Puts kpartx, dmsetup and sudo for kernels without device-mapper into the folder; it goes first on the PATH of the build. */
export async function writeStandIns(folder: string): Promise<void> {
  for (const [name, text] of Object.entries({kpartx: KPARTX, dmsetup: DMSETUP, sudo: sudo(folder)}))
    await writeFile(join(folder, name), text, {mode: 0o755});
}

async function hasDeviceMapper(): Promise<boolean> {
  return /\bdevice-mapper$/m.test(await readFile('/proc/misc', 'utf8'));
}

async function loadModule(exec: Exec): Promise<boolean> {
  try {
    return (await exec.run('modprobe', ['-q', 'dm_mod'])).exitCode === 0;
  } catch {
    // Not installed, as in containers.
    return false;
  }
}

/**
 * As kpartx, for `-a`, `-u`, `-d` with `-s` and `-v`, of a loop device or a file. A partition is a loop device over the same file at its
 * offset, and a link /dev/mapper/loopNpM to it; only links whose device has that very file and an offset are ever removed.
 */
const KPARTX = String.raw`#!/bin/bash
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: kpartx -a|-u|-d[sv] DEVICE" >&2; exit 1; }
flags=
while [ $# -gt 1 ]; do flags+=$1; shift; done
disk=$1

# Which file is behind a loop device: device number and inode; nothing when it is free.
behind() { losetup -n -O BACK-MAJ:MIN,BACK-INO "$1" 2>/dev/null | tr -s ' ' || true; }
setting() { cat "/sys/block/$(basename "$2")/loop/$1" 2>/dev/null || true; }

# The loop device of the whole disk; a plain file gets one.
whole() {
  if [ -b "$disk" ]; then readlink -f "$disk"; return; fi
  local device
  while read -r device; do
    if [ "$(setting offset "$device")" = 0 ]; then echo "$device"; return; fi
  done < <(losetup -n -O NAME -j "$disk")
  [ "$1" = d ] || losetup -f --show "$disk"
}

# A process that looks at a device for a moment delays its end.
detach() {
  local was
  was=$(behind "$1")
  losetup -d "$1"
  for _ in {1..100}; do
    if [ "$(behind "$1")" != "$was" ]; then break; fi
    sleep 0.05
  done
}

remove() {
  local target
  target=$(readlink -f "$1")
  rm -f "$1"
  if [[ $target =~ ^/dev/loop[0-9]+$ ]] && [ "$(behind "$target")" = "$file" ] && [ "$(setting offset "$target")" != 0 ]; then
    detach "$target"
  fi
  if [[ $flags = *v* ]]; then echo "del devmap : $(basename "$1")"; fi
}

case $flags in *d*) mode=d ;; *u*) mode=u ;; *a*) mode=a ;; *) echo "kpartx: not known: $flags" >&2; exit 1 ;; esac
device=$(whole $mode)
if [ -z "$device" ]; then exit 0; fi
name=$(basename "$device")
file=$(behind "$device")
if [ -z "$file" ]; then echo "kpartx: $device is no loop device in use" >&2; exit 1; fi
links=/dev/mapper/$name
shopt -s nullglob
if [ $mode = d ]; then
  for link in "$links"p*; do remove "$link"; done
  if [ ! -b "$disk" ]; then detach "$device"; fi
  exit 0
fi

path=$(setting backing_file "$device")
table=$(sfdisk -d "$device")
sector=$(sed -n 's/^sector-size: *//p' <<<"$table")
if [ -z "$sector" ]; then sector=512; fi
mkdir -p /dev/mapper
wanted=
while read -r number start size; do
  link=$links"p$number" from=$((start * sector)) length=$((size * sector))
  wanted+="/$link/"
  if [ -L "$link" ]; then
    old=$(readlink -f "$link")
    if [ "$(behind "$old")" = "$file" ] && [ "$(setting offset "$old")" = $from ] && [ "$(setting sizelimit "$old")" = $length ]; then
      continue
    fi
    remove "$link"
  fi
  loop=$(losetup -f --show -b "$sector" -o $from --sizelimit $length "$path")
  ln -sfn "$loop" "$link"
  if [[ $flags = *v* ]]; then
    echo "add map $(basename "$link") ($(cat "/sys/block/$(basename "$loop")/dev")): 0 $((length / 512)) linear $(cat "/sys/block/$name/dev") $((from / 512))"
  fi
done < <(sed -n 's/^[^ ]*[^0-9]\([0-9]*\) : start= *\([0-9]*\), size= *\([0-9]*\),.*/\1 \2 \3/p' <<<"$table")
if [ $mode = a ]; then exit 0; fi
for link in "$links"p*; do
  if [[ $wanted != *"/$link/"* ]]; then remove "$link"; fi
done
`;

/** As dmsetup, for what diskimage-builder asks of it: `remove NAME` after a failure, `mknodes`. */
const DMSETUP = `#!/bin/bash
set -euo pipefail
while [[ \${1:-} = -* ]]; do shift; done
case \${1:-} in
  mknodes | ls | version) exit 0 ;;
  remove) ;;
  *) echo "dmsetup: there is no device-mapper here to \${1:-work}" >&2; exit 1 ;;
esac
shift
while [[ \${1:-} = -* ]]; do shift; done
link=/dev/mapper/\${1##*/}
[ -L "$link" ] || { echo "dmsetup: no such device: \${1##*/}" >&2; exit 1; }
target=$(readlink -f "$link")
rm -f "$link"
[[ \${target##*/} =~ ^loop[0-9]+$ ]] && [ -e "/sys/block/\${target##*/}/loop/offset" ] || exit 0
[ "$(cat "/sys/block/\${target##*/}/loop/offset")" = 0 ] || losetup -d "$target"
`;

/** As sudo of root: runs the command, with the stand-ins still first on the PATH, which sudo itself would replace. */
function sudo(folder: string): string {
  return `#!/bin/sh
run=
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    -u | --user) [ "$2" = root ] || run="runuser -u $2 --"; shift 2 ;;
    -g | --group | -p | --prompt) shift 2 ;;
    -*) shift ;;
    *) break ;;
  esac
done
exec $run env -u TMPDIR PATH="${folder}:$PATH" "$@"
`;
}
