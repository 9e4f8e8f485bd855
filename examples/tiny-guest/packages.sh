# Sourced by the builders of guests: Debian packages without root, and what makes two builds the same.
#
#   fetch_packages CACHE PACKAGE...    downloads what is not there and unpacks it; the folder is $tree, the kernel's name $kernel,
#                                      the files of the packages $package_files

# Everything that could differ between two builds: time zone, times, locale, default modes, and mtools' own settings.
export TZ=UTC LC_ALL=C SOURCE_DATE_EPOCH=1767225600 MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
umask 022
fail() { echo "${0##*/}: $*" >&2; exit 1; }

fetch_packages() {
  local cache=$1 sandbox=() said answers files file work
  shift
  [ "$(uname -m)" = x86_64 ] || fail "needs an x86_64 machine, this is $(uname -m)"
  [ "$(id -u)" != 0 ] || sandbox=(-o APT::Sandbox::User=root)
  mkdir -p "$cache/packages"
  # apt takes more than a second for each answer, so what it said is kept until its lists, its settings or the installed packages change.
  said=$cache/apt-$({ find /etc/apt /var/lib/apt/lists /var/lib/dpkg/status -type f ! -name lock -printf '%p %s %T@\n' 2>/dev/null | sort; echo "$*"; } | sha256sum | cut -c1-16)
  if ! answers=$(cat "$said" 2>/dev/null); then
    kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*-cloud-amd64\)$/\1/p' | head -1)
    set -- "${kernel:-linux-image-cloud-amd64}" busybox-static mtools syslinux syslinux-common "$@"
    # The versions that apt would install; downloaded unless they are there.
    files=$(apt-get "${sandbox[@]}" download --print-uris "$@" 2>/dev/null | cut -d' ' -f2) || files=
    [ "$(wc -w <<<"$files")" = $# ] || fail "apt does not know all of $*; run: apt-get update"
    answers=$kernel$'\n'$files
    rm -f "$cache"/apt-*
    work=$(mktemp "$cache/work.XXXXXX")
    echo "$answers" >"$work"
    mv "$work" "$said"
  fi
  { read -r kernel; files=$(cat); } <<<"$answers"
  pushd "$cache/packages" >/dev/null
  for file in $files; do
    [ -s "$file" ] || apt-get -qq "${sandbox[@]}" download "${file%%_*}" || fail "${file%%_*} could not be downloaded; run: apt-get update"
  done
  popd >/dev/null
  # One folder per set of package versions; whole or not there.
  tree=$cache/unpacked-$(sha256sum <<<"$files" | cut -c1-16)
  if [ ! -d "$tree" ]; then
    rm -rf "$cache"/unpacked-*
    work=$(mktemp -d "$cache/work.XXXXXX")
    for file in $files; do dpkg -x "$cache/packages/$file" "$work"; done
    chmod 755 "$work"
    # Of two builds at once, the second throws its own away.
    mv -T "$work" "$tree" 2>/dev/null || rm -rf "$work"
  fi
  export PATH="$tree/usr/bin:$tree/bin:$tree/usr/sbin:$tree/sbin:$PATH"
  kernel=${kernel#linux-image-} package_files=$files
}

# copy_modules FOLDER MODULE...: unpacked, without the folders in between; what is not there is built into this kernel.
copy_modules() {
  local to=$1 from module file
  shift
  from=$(find "$tree" -type d -path '*/lib/modules/*/kernel' | head -1)
  for module in "$@"; do
    file=$(find "$from" -name "$module.ko*" | head -1)
    case $file in
      '') ;;
      *.xz) xz -dc "$file" >"$to/$module.ko" ;;
      *) cp "$file" "$to/$module.ko" ;;
    esac
  done
}

# pack_initramfs FOLDER FILE
pack_initramfs() {
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  (cd "$1" && find . -print0 | sort -z | cpio -0 --quiet --reproducible -R 0:0 -H newc -o) | gzip -9n >"$2"
}

little() { printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
# partition DISK NUMBER FLAG TYPE START SECTORS (FLAG 80: started by Debian's mbr.bin)
partition() {
  printf "\x$3\xfe\xff\xff\x$4\xfe\xff\xff$(little "$5")$(little "$6")" | dd of="$1" bs=1 seek=$((446 + 16 * ($2 - 1))) conv=notrunc status=none
}

# make_boot_disk DISK KERNEL INITRD SYSLINUX.CFG: one active FAT16 partition from 1 MiB on; $boot_end is the sector behind it.
make_boot_disk() {
  local disk=$1 start=2048 sectors fat
  shift
  touch -d "@$SOURCE_DATE_EPOCH" "$@"
  sectors=$((($(stat -c %s "$1") + $(stat -c %s "$2")) / 512 + 4096))
  sectors=$(((sectors + 2047) / 2048 * 2048))
  boot_end=$((start + sectors))
  truncate -s $((boot_end * 512)) "$disk"
  dd if="$(find "$tree" -name mbr.bin -path '*/mbr/*')" of="$disk" conv=notrunc status=none
  partition "$disk" 1 80 0e $start $sectors
  printf '\x55\xaa' | dd of="$disk" bs=1 seek=510 conv=notrunc status=none
  fat=$disk@@$((start * 512))
  mformat -i "$fat" -T $sectors -h 255 -s 63 -H $start -N 54494e59 ::
  syslinux --offset $((start * 512)) --install "$disk"
  mcopy -m -i "$fat" "$@" ::
}

# make_image DISK OUT COMPRESSED: the disk as qcow2, there at once and whole; compressed unless COMPRESSED is empty.
make_image() {
  mkdir -p "$(dirname "$2")"
  qemu-img convert ${3:+-c} -f raw -O qcow2 "$1" "$work/image"
  mv "$work/image" "$2"
}

# list_sums CACHE NAME: SHA256SUMS of the guests there.
list_sums() {
  (cd "$1" && sha256sum "$2"-*.qcow2 >SHA256SUMS.$$ && mv SHA256SUMS.$$ SHA256SUMS)
}
