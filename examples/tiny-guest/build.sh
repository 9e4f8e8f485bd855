#!/usr/bin/env bash
# Makes a small bootable guest from Debian packages: Debian's cloud kernel, busybox, a boot loader; about 12 MB as qcow2.
#
#   examples/tiny-guest/build.sh [--version N] [OUT.qcow2]
#
# Version 1 is the default; another version differs in /etc/issue alone. Without OUT the image is
# .cache/tiny-guest/tiny-guest-N.qcow2, and SHA256SUMS beside it lists it. Needs no root and installs nothing: packages are
# downloaded with apt-get and unpacked under .cache/tiny-guest. Only qemu-img (qemu-utils) must be there.
# The same package versions give the same bytes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache/tiny-guest
version=1 out=
while [ $# -gt 0 ]; do
  case $1 in
    --version) version=${2:?--version needs a number}; shift 2 ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "build.sh: unknown option $1; see --help" >&2; exit 2 ;;
    *) out=$1; shift ;;
  esac
done
[[ $version =~ ^[0-9]+$ ]] || { echo "build.sh: --version $version is no number" >&2; exit 2; }
out=${out:-$cache/tiny-guest-$version.qcow2}
[ "$(uname -m)" = x86_64 ] || { echo "build.sh: needs an x86_64 machine, this is $(uname -m)" >&2; exit 1; }
command -v qemu-img >/dev/null || { echo "build.sh: qemu-img is missing; install it: apt-get install qemu-utils" >&2; exit 1; }
# Everything that could differ between two builds: time zone, times, locale, default modes, and mtools' own settings.
export TZ=UTC LC_ALL=C SOURCE_DATE_EPOCH=1767225600 MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
umask 022

sandbox=(); [ "$(id -u)" != 0 ] || sandbox=(-o APT::Sandbox::User=root)
kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*-cloud-amd64\)$/\1/p' | head -1)
packages=("${kernel:-linux-image-cloud-amd64}" busybox-static cpio mtools syslinux syslinux-common)
# The versions that apt would install; downloaded unless they are there.
files=$(apt-get "${sandbox[@]}" download --print-uris "${packages[@]}" 2>/dev/null | cut -d' ' -f2) || files=
[ "$(wc -w <<<"$files")" = "${#packages[@]}" ] || { echo "build.sh: apt does not know all of ${packages[*]}; run: apt-get update" >&2; exit 1; }
mkdir -p "$cache/packages"
cd "$cache/packages"
for file in $files; do
  [ -s "$file" ] || apt-get -qq "${sandbox[@]}" download "${file%%_*}" || { echo "build.sh: ${file%%_*} could not be downloaded; run: apt-get update" >&2; exit 1; }
done
cd - >/dev/null

work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
# One folder per set of package versions; whole or not there.
tree=$cache/unpacked-$(sha256sum <<<"$files" | cut -c1-16)
if [ ! -d "$tree" ]; then
  rm -rf "$cache"/unpacked-*
  for file in $files; do dpkg -x "$cache/packages/$file" "$work/unpacked"; done
  mv "$work/unpacked" "$tree"
fi
export PATH="$tree/usr/bin:$tree/bin:$PATH"

# The initramfs is the whole system.
root=$work/root
mkdir -p "$root"/{bin,dev,etc,lib/modules,proc,run,sys,tmp,root}
cp "$(find "$tree" -path '*bin/busybox' -type f | head -1)" "$root/bin/busybox"
cp "$here/init" "$root/init"
cp "$here/dhcp" "$root/etc/dhcp"
chmod 755 "$root/init" "$root/etc/dhcp"
echo "tiny-guest, version $version" >"$root/etc/issue"
modules=$(find "$tree" -type d -path '*/lib/modules/*/kernel' | head -1)
for module in $(sed -n 's/^modules="\(.*\)"$/\1/p' "$here/init"); do
  file=$(find "$modules" -name "$module.ko*" | head -1)
  case $file in
    '') ;; # built into this kernel
    *.xz) xz -dc "$file" >"$root/lib/modules/$module.ko" ;;
    *) cp "$file" "$root/lib/modules/$module.ko" ;;
  esac
done
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
(cd "$root" && find . -print0 | sort -z | cpio -0 --quiet --reproducible -R 0:0 -H newc -o) | gzip -9n >"$work/initrd"

# One active FAT16 partition from 1 MiB on, with kernel and initramfs; syslinux starts it, Debian's mbr.bin starts syslinux.
cp "$tree"/boot/vmlinuz-* "$work/kernel"
printf 'DEFAULT tiny\nLABEL tiny\n  LINUX kernel\n  INITRD initrd\n  APPEND console=tty0 console=ttyS0 quiet\n' >"$work/syslinux.cfg"
touch -d "@$SOURCE_DATE_EPOCH" "$work"/{kernel,initrd,syslinux.cfg}
start=2048
sectors=$((($(stat -c %s "$work/kernel") + $(stat -c %s "$work/initrd")) / 512 + 4096))
little() { printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
truncate -s $(((start + sectors) * 512)) "$work/disk"
dd if="$(find "$tree" -name mbr.bin -path '*/mbr/*')" of="$work/disk" conv=notrunc status=none
printf "\x80\xfe\xff\xff\x0e\xfe\xff\xff$(little $start)$(little $sectors)" | dd of="$work/disk" bs=1 seek=446 conv=notrunc status=none
printf '\x55\xaa' | dd of="$work/disk" bs=1 seek=510 conv=notrunc status=none
fat=$work/disk@@$((start * 512))
mformat -i "$fat" -T $sectors -h 255 -s 63 -H $start -N 54494e59 ::
syslinux --offset $((start * 512)) --install "$work/disk"
mcopy -m -i "$fat" "$work/kernel" "$work/initrd" "$work/syslinux.cfg" ::

mkdir -p "$(dirname "$out")"
qemu-img convert -c -f raw -O qcow2 "$work/disk" "$work/image"
mv "$work/image" "$out"
if [ "$(dirname "$out")" = "$cache" ]; then
  (cd "$cache" && sha256sum tiny-guest-*.qcow2 >"$work/sums" && mv "$work/sums" SHA256SUMS)
fi
echo "$out: tiny-guest, version $version, $(stat -c %s "$out") bytes, ${kernel#linux-image-}"
