#!/usr/bin/env bash
# Sets up what `imgmgr build` needs on Debian or Ubuntu, as root: Debian's tools with apt, a pinned diskimage-builder from PyPI in
# .cache/dib. Says what it installs. Prints the variables to build with, mirrors as this machine's apt knows them:
#
#   eval "$(scripts/setup-dib.sh)"
set -euo pipefail
cd "$(dirname "$0")/.."
VERSION=3.43.0
say() { echo "setup-dib: $*" >&2; }
[ "$(id -u)" = 0 ] || { say "needs root: sudo scripts/setup-dib.sh"; exit 1; }

missing=()
need() { command -v "$1" >/dev/null || missing+=("$2"); }
need debootstrap debootstrap
need qemu-img qemu-utils
need kpartx kpartx
need sudo sudo
need sfdisk fdisk
need sgdisk gdisk
need mkfs.vfat dosfstools
need mkfs.ext4 e2fsprogs
need git git
need curl curl
need ps procps
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
  say "installing Debian packages: ${missing[*]}"
  # apt-get waits for another one when it installs, not when it updates its lists.
  mkdir -p .cache
  exec 8>.cache/apt.lock
  flock 8
  apt-get -qq update >&2
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}" >&2
  flock -u 8
fi
mkdir -p .cache
exec 9>.cache/dib.lock
flock 9
if [ "$(cat .cache/dib/.version 2>/dev/null)" != $VERSION ]; then
  say "installing diskimage-builder $VERSION from PyPI into .cache/dib"
  rm -rf .cache/dib
  /usr/bin/python3 -m venv .cache/dib >&2
  .cache/dib/bin/pip -q install "diskimage-builder==$VERSION" setuptools >&2
  echo $VERSION >.cache/dib/.version
fi
echo "export IMGMGR_DIB=$PWD/.cache/dib"

# The mirrors as apt knows them, in either form of sources; other distributions than Debian know their own.
uris() { apt-get indextargets --format '$(SITE) $(RELEASE) $(REPO_URI)' 2>/dev/null | sort -u; }
mirror=$(uris | sed -n 's#^[^ ]* bookworm \(.*\)$#\1#p' | head -1)
security=$(uris | sed -n 's#^[^ ]* bookworm-security \(.*\)$#\1#p' | head -1)
[ -z "$mirror" ] || echo "export DIB_DISTRIBUTION_MIRROR=${mirror%/}"
[ -z "$security" ] || echo "export DIB_DEBIAN_SECURITY_MIRROR=${security%/}"
