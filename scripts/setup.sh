#!/usr/bin/env bash
# Prepares this checkout on Debian: the packages that imgmgr and its first demonstration need, the npm packages of
# package-lock.json, and with them the project's own Node 24. Says what it does; does nothing, at once, when all is there.
# As an ordinary user it asks sudo for the Debian packages alone.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "setup: $*"; }

# COMMAND PACKAGE: what is already there, from wherever it came, is left as it is.
missing=()
need() { command -v "$1" >/dev/null || missing+=("$2"); }
need node nodejs
need npm npm
need qemu-img qemu-utils
need qemu-system-x86_64 qemu-system-x86
# Without a Go compiler, the one for the guest agent comes from the Python package index, into .cache.
command -v go >/dev/null || python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
need xz xz-utils
need zstd zstd
need bzip2 bzip2
need curl curl
need git git
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
# Container images come without package lists; the guest of the demonstration is made from packages, too.
lists=there
! command -v apt-cache >/dev/null || apt-cache show busybox-static >/dev/null 2>&1 || lists=missing
if [ ${#missing[@]} -gt 0 ] || [ $lists = missing ]; then
  command -v apt-get >/dev/null || { say "install these yourself, there is no apt-get here: ${missing[*]}" >&2; exit 1; }
  as_root=(env DEBIAN_FRONTEND=noninteractive)
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { say "needs root, or sudo, for: apt-get update${missing[*]:+; apt-get install ${missing[*]}}" >&2; exit 1; }
    as_root=(sudo "${as_root[@]}")
  fi
  say "reading Debian's package lists"
  "${as_root[@]}" apt-get -qq update
fi
if [ ${#missing[@]} -gt 0 ]; then
  say "installing Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

# Version ranges do not matter here, the lock file decides; a finished npm ci leaves its hash behind.
wanted=$(sha256sum package-lock.json .npmrc | sha256sum)
stamp=node_modules/.setup
if [ "$(cat $stamp 2>/dev/null)" != "$wanted" ]; then
  say "installing npm packages as package-lock.json says, with npm $(npm --version)"
  npm ci --no-progress --loglevel=error
  own=$(node_modules/.bin/node --version 2>/dev/null) || own=none
  [[ $own == v24.* ]] || { say "the npm package node did not bring Node 24 (node_modules/.bin/node --version: $own)" >&2; exit 1; }
  echo "$wanted" >$stamp
  say "done, with Node $own in node_modules/.bin"
fi
