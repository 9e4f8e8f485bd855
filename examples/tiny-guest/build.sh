#!/usr/bin/env bash
# Makes a small bootable guest from Debian packages: Debian's cloud kernel, busybox, a boot loader; about 12 MB as qcow2.
#
#   examples/tiny-guest/build.sh [--version N] [--uncompressed] [OUT.qcow2]
#
# Version 1 is the default; another version differs in /etc/issue alone. Without OUT the image is
# .cache/tiny-guest/tiny-guest-N.qcow2, and SHA256SUMS beside it lists it. Needs no root and installs nothing: packages are
# downloaded with apt-get and unpacked under .cache/tiny-guest. Only qemu-img (qemu-utils) must be there.
# The same package versions give the same bytes. --uncompressed takes less time to make and has half as many bytes again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache/tiny-guest
. "$here/packages.sh"
version=1 out= compressed=1
while [ $# -gt 0 ]; do
  case $1 in
    --version) version=${2:?--version needs a number}; shift 2 ;;
    --uncompressed) compressed=; shift ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "build.sh: unknown option $1; see --help" >&2; exit 2 ;;
    *) out=$1; shift ;;
  esac
done
[[ $version =~ ^[0-9]+$ ]] || { echo "build.sh: --version $version is no number" >&2; exit 2; }
out=${out:-$cache/tiny-guest-$version.qcow2}
command -v qemu-img >/dev/null || fail 'qemu-img is missing; install it: apt-get install qemu-utils'
fetch_packages "$cache" cpio
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The initramfs is the whole system.
root=$work/root
mkdir -p "$root"/{bin,dev,etc,lib/modules,proc,run,sys,tmp,root}
cp "$(find "$tree" -path '*bin/busybox' -type f | head -1)" "$root/bin/busybox"
cp "$here/init" "$root/init"
cp "$here/dhcp" "$root/etc/dhcp"
chmod 755 "$root/init" "$root/etc/dhcp"
echo "tiny-guest, version $version" >"$root/etc/issue"
copy_modules "$root/lib/modules" $(sed -n 's/^modules="\(.*\)"$/\1/p' "$here/init")
pack_initramfs "$root" "$work/initrd"

cp "$tree"/boot/vmlinuz-* "$work/kernel"
printf 'DEFAULT tiny\nLABEL tiny\n  LINUX kernel\n  INITRD initrd\n  APPEND console=tty0 console=ttyS0 quiet no_timer_check\n' >"$work/syslinux.cfg"
make_boot_disk "$work/disk" "$work/kernel" "$work/initrd" "$work/syslinux.cfg"

make_image "$work/disk" "$out" "$compressed"
[ "$(dirname "$out")" != "$cache" ] || list_sums "$cache" tiny-guest
echo "$out: tiny-guest, version $version, $(stat -c %s "$out") bytes, $kernel"
