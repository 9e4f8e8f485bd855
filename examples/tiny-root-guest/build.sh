#!/usr/bin/env bash
# Makes a guest that is as healthy as a cloud image has to be, in seconds: Debian's cloud kernel, busybox as its init, an ext4 root
# as last partition that grows at boot, wget, chrony; about 20 MB as qcow2, 5 to 10 s to user data under emulation.
#
#   examples/tiny-root-guest/build.sh [--version N] [--sabotage NAME] [--anew] [--uncompressed] [OUT.qcow2]
#   examples/tiny-root-guest/build.sh --tree FOLDER
#
# --sabotage makes a guest with one fault: root-not-grown, read-only-root (from late in the boot on), root-stays-read-only,
# no-interface, no-address, no-route, wrong-mtu, no-dns, dead-dns, kernel-panic, no-root-device, silent-console, powered-off,
# clock-off, agent-missing (nothing to fetch an agent with), silent (no serial console and no agent), agent-killed.
# What all of them share is made once and kept, unless --anew says to make it again. --uncompressed takes half the time to make
# and has half as many bytes again.
# --tree fills a folder with the root file system, kernel and boot loader included, and makes no image: this folder is an element of
# diskimage-builder, too, whose root.d asks for that (images/tiny-guest.yml). It needs root, to whom all files then belong.
# Without OUT the image is .cache/tiny-root-guest/tiny-root-guest-N[-NAME].qcow2, and SHA256SUMS beside it lists it. Needs no root
# and installs nothing: packages are downloaded with apt-get and unpacked under .cache/tiny-root-guest. Only qemu-img (qemu-utils)
# must be there. The same package versions give the same bytes. TINY_GUEST_CACHE names another folder than .cache/tiny-root-guest.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${TINY_GUEST_CACHE:-$(cd "$here/../.." && pwd)/.cache/tiny-root-guest}
. "$here/../tiny-guest/packages.sh"
version=1 out= sabotage= anew= compressed=1 into=
while [ $# -gt 0 ]; do
  case $1 in
    --version) version=${2:?--version needs a number}; shift 2 ;;
    --sabotage) sabotage=${2:?--sabotage needs a name}; shift 2 ;;
    --anew) anew=1; shift ;;
    --uncompressed) compressed=; shift ;;
    --tree) into=${2:?--tree needs a folder}; shift 2 ;;
    -h | --help) sed -n '2,18s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "build.sh: unknown option $1; see --help" >&2; exit 2 ;;
    *) out=$1; shift ;;
  esac
done
[[ $version =~ ^[0-9]+$ ]] || { echo "build.sh: --version $version is no number" >&2; exit 2; }
case $sabotage in
  '' | root-not-grown | read-only-root | root-stays-read-only | no-interface | no-address | no-route | wrong-mtu | no-dns | dead-dns | kernel-panic | no-root-device | silent-console | powered-off | clock-off | agent-missing | silent | agent-killed) ;;
  *) echo "build.sh: unknown sabotage $sabotage; see --help" >&2; exit 2 ;;
esac
out=${out:-$cache/tiny-root-guest-$version${sabotage:+-$sabotage}.qcow2}
[ -n "$into" ] || command -v qemu-img >/dev/null || fail 'qemu-img is missing; install it: apt-get install qemu-utils'

libraries=(libc6 libcom-err2 libext2fs2 libgnutls30 libidn2-0 libnettle8 libhogweed6 libgmp10 libtasn1-6 libp11-kit0 libffi8 libunistring2 libpcre2-8-0 libpsl5 libuuid1 zlib1g libblkid1
  libcap2 libedit2 libbsd0 libmd0 libtinfo6 libseccomp2)
fetch_packages "$cache" chrony cpio dash e2fsprogs extlinux wget "${libraries[@]}"
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
# Where one needs another, it stands behind it; virtio and its ring changed places between kernels.
boot_modules="virtio_ring virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk scsi_common scsi_mod virtio_scsi libata ata_piix ata_generic sd_mod"
modules="$boot_modules failover net_failover virtio_net rng-core virtio-rng virtio_balloon virtio_console vmxnet3 cdrom sr_mod isofs"
busybox=$(find "$tree" -path '*bin/busybox' -type f | head -1)
uuid=7131796e-0000-4000-8000-000000000001

# make_initramfs FILE
make_initramfs() {
  # It finds the root. All modules are loaded there, so the root needs none to start.
  initramfs=$work/initramfs
  mkdir -p "$initramfs"/{bin,dev,lib/modules,proc,sys,root}
  cp "$busybox" "$initramfs/bin/busybox"
  cp "$here/initramfs-init" "$initramfs/init"
  chmod 755 "$initramfs/init"
  echo "$modules" >"$initramfs/modules"
  copy_modules "$initramfs/lib/modules" $modules
  pack_initramfs "$initramfs" "$1"
}

# make_root FOLDER
make_root() {
  local root=$1
  mkdir -p "$root"/{boot,dev,etc/chrony,etc/init.d,home,mnt,proc,root,run,sys,tmp,var/lib/chrony,var/log,usr/bin,usr/sbin,usr/lib/x86_64-linux-gnu,usr/lib64,"usr/lib/modules/$kernel"}
  chmod 700 "$root/root"
  chmod 1777 "$root/tmp"
  for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
  mkdir "$root/usr/lib/busybox"
  cp "$busybox" "$root/usr/lib/busybox/busybox"
  for applet in $("$busybox" --list); do
    case $applet in
      sh | wget | dpkg* | rpm*) ;;
      init) ln -s ../lib/busybox/busybox "$root/usr/sbin/init" ;;
      *) ln -s ../lib/busybox/busybox "$root/usr/bin/$applet" ;;
    esac
  done
  # busybox as shell would take its own wget, which speaks no TLS that OpenSSL 3 accepts by default.
  cp "$(find "$tree" -path '*bin/dash' -type f | head -1)" "$root/usr/bin/dash"
  ln -s dash "$root/usr/bin/sh"
  cp "$tree/usr/bin/wget" "$root/usr/bin/wget"
  cp "$tree/usr/sbin/chronyd" "$root/usr/sbin/chronyd"
  cp "$(find "$tree" -name resize2fs -type f | head -1)" "$root/usr/sbin/resize2fs"
  # Only the libraries that these tools reach, as their own loader finds them.
  libraries_of() {
    local loader
    loader=$(find "$tree" -name ld-linux-x86-64.so.2 | head -1)
    "$loader" --library-path "$tree/usr/lib/x86_64-linux-gnu:$tree/lib/x86_64-linux-gnu" --list "$1" | sed -n 's/.* => \(.*\) (0x.*/\1/p'
  }
  for file in $(libraries_of "$root/usr/bin/wget") $(libraries_of "$root/usr/bin/dash") $(libraries_of "$root/usr/sbin/resize2fs") $(libraries_of "$root/usr/sbin/chronyd"); do
    case $file in "$tree"/*) ;; *) fail "no package brings $file" ;; esac
    cp -L "$file" "$root/usr/lib/x86_64-linux-gnu/${file##*/}"
  done
  cp -L "$(find "$tree" -name ld-linux-x86-64.so.2 | head -1)" "$root/usr/lib64/"
  # getaddrinfo loads these by name.
  for name in libnss_files.so.2 libnss_dns.so.2 libresolv.so.2; do
    file=$(find "$tree" -path "*x86_64-linux-gnu/$name" | head -1)
    [ -z "$file" ] || cp -L "$file" "$root/usr/lib/x86_64-linux-gnu/$name"
  done
  cp "$here/rcS" "$root/etc/init.d/rcS"
  cp "$here/udhcpc.script" "$root/etc/udhcpc.script"
  chmod 755 "$root/etc/init.d/rcS" "$root/etc/udhcpc.script"
  cat >"$root/etc/inittab" <<'INITTAB'
::sysinit:/etc/init.d/rcS
::shutdown:/bin/umount -a -r
INITTAB
  cat >"$root/etc/os-release" <<RELEASE
ID=debian
NAME="Tiny root guest"
VERSION_ID="12"
PRETTY_NAME="Tiny root guest $version"
RELEASE
  echo "tiny-root-guest, version $version" >"$root/etc/issue"
  echo "$uuid" >"$root/etc/root-uuid"
  : >"$root/etc/machine-id"
  ln -s /run/resolv.conf "$root/etc/resolv.conf"
  echo localhost >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
  echo 'LABEL=tiny-root / ext4 defaults,noatime 0 1' >"$root/etc/fstab"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  echo 'root:*:20000:0:99999:7:::' >"$root/etc/shadow"
  chmod 600 "$root/etc/shadow"
  # No server: the guest has none to ask, and takes the time of the cloud's clock.
  printf 'user root\ncmdport 0\nport 0\npidfile /run/chronyd.pid\ndriftfile /var/lib/chrony/drift\nmakestep 1 3\n' >"$root/etc/chrony/chrony.conf"
  echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
}

# make_parts FOLDER: the initramfs and the root file system, which are the same for each sabotage.
make_parts() {
  local parts=$1
  make_initramfs "$parts/initrd"
  root=$work/root
  make_root "$root"
  # debugfs instead of mount: everything belongs to root, and the order and the times are ours.
  export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
  filesystem=$parts/filesystem
  truncate -s $((64 * 1024 * 1024)) "$filesystem"
  mke2fs -q -t ext4 -b 4096 -F -L tiny-root -U $uuid -m 1 -E hash_seed=$uuid,lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0 -J size=4 "$filesystem"
  (
    cd "$root"
    find . -mindepth 1 | sort | while read -r path; do
      path=${path#./} name=${path##*/} folder=/${path%"${path##*/}"}
      echo "cd $folder"
      if [ -L "$path" ]; then
        echo "symlink $name $(readlink "$path")"
      elif [ -d "$path" ]; then
        echo "mkdir $name"
        echo "sif $name mode 04$(stat -c %04a "$path")"
      else
        echo "write $root/$path $name"
      fi
    done
  ) >"$work/commands"
  debugfs -w -f "$work/commands" "$filesystem" >"$work/said" 2>&1
  ! grep -vE '^debugfs|^Allocated inode' "$work/said" >&2 || fail 'the root file system could not be filled'
}

if [ -n "$into" ]; then
  make_root "$into"
  make_initramfs "$into/boot/initrd"
  cp "$tree"/boot/vmlinuz-* "$into/boot/kernel"
  mkdir "$into/boot/extlinux"
  printf 'DEFAULT tiny\nLABEL tiny\n  LINUX /boot/kernel\n  INITRD /boot/initrd\n  APPEND root=LABEL=cloudimg-rootfs console=tty0 console=ttyS0 quiet no_timer_check\n' >"$into/boot/extlinux/extlinux.conf"
  # For cleanup.d, which puts them where the firmware finds them.
  cp "$(find "$tree" -name mbr.bin -path '*/mbr/*')" "$(find "$tree" -name extlinux -path '*bin/*' -type f)" "$into/boot/extlinux/"
  # The packages that it is made of, as the element dpkg lists them: NAME_VERSION_ARCH.deb.
  mkdir -p "$into/etc/dib-manifests"
  for file in $package_files; do
    IFS=_ read -r name version arch <<<"${file%.deb}"
    printf '{"package": "%s", "version": "%s", "arch": "%s", "status": "ii"}\n' "$name" "${version//%3a/:}" "$arch"
  done | paste -sd, | sed 's/.*/{"packages": [&]}/' >"$into/etc/dib-manifests/dib-manifest-dpkg-image"
  chown -hR 0:0 "$into"
  exit
fi

# Made once for these package versions, these files and this version; whole or not there.
filed=$(cat "$here"/{build.sh,initramfs-init,rcS,udhcpc.script} "$here/../tiny-guest/packages.sh" | sha256sum | cut -c1-16)
parts=$cache/parts-${tree##*-}-$filed-$version
if [ -n "$anew" ] || [ ! -d "$parts" ]; then
  mkdir "$work/parts"
  make_parts "$work/parts"
  # What was made of other packages or files goes.
  find "$cache" -maxdepth 1 -name 'parts-*' ! -name "parts-${tree##*-}-$filed-*" -exec rm -rf {} +
  # What another build has put there meanwhile is the same, and may be in use.
  mv -T "$work/parts" "$parts" 2>/dev/null || parts=$work/parts
fi
cp "$parts/initrd" "$work/initrd"
filesystem=$parts/filesystem

label=tiny-root console='console=tty0 console=ttyS0'
[ "$sabotage" != no-root-device ] || label=absent
case $sabotage in silent | silent-console) console=console=tty0 ;; esac
cp "$tree"/boot/vmlinuz-* "$work/kernel"
printf 'DEFAULT tiny\nLABEL tiny\n  LINUX kernel\n  INITRD initrd\n  APPEND root=LABEL=%s %s quiet no_timer_check%s\n' "$label" "$console" "${sabotage:+ tiny.sabotage=$sabotage}" >"$work/syslinux.cfg"
make_boot_disk "$work/disk" "$work/kernel" "$work/initrd" "$work/syslinux.cfg"
partition "$work/disk" 2 00 83 $boot_end $(($(stat -c %s "$filesystem") / 512))
dd if="$filesystem" of="$work/disk" bs=512 seek=$boot_end conv=notrunc,sparse status=none
truncate -s $((boot_end * 512 + $(stat -c %s "$filesystem"))) "$work/disk"

make_image "$work/disk" "$out" "$compressed"
[ "$(dirname "$out")" != "$cache" ] || list_sums "$cache" tiny-root-guest
echo "$out: tiny-root-guest, version $version${sabotage:+, $sabotage}, $(stat -c %s "$out") bytes, $kernel"
