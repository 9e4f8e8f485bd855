#!/usr/bin/env bash
# The first thing to run: sets up this checkout and shows imgmgr's main job on the embedded cloud "local", which is a folder.
# Makes a small bootable guest from Debian packages, publishes it, finds nothing to do, and rotates to a new version of it.
#
#   ./examples/demo.sh        on Debian 12, as root or with sudo; about two minutes on a fresh machine
#
# Installs what scripts/setup.sh lists. The images go to .cache/demo, never to a store of yours; nothing else is touched.
set -euo pipefail
cd "$(dirname "$0")/.."
began=$(date +%s)
step() { printf '\n=== %s\n' "$*"; }
run() { echo "\$ imgmgr $*"; node_modules/.bin/node dist/bin/imgmgr.js "$@"; }
# manage DAY WANTED: a managing run whose closing count must hold what is wanted.
manage() {
  local log=.cache/demo/run.log
  echo "\$ imgmgr manage --cloud local --images examples/local/tiny-guest-$1.yml --no-verify"
  node_modules/.bin/node dist/bin/imgmgr.js manage --cloud local --images "examples/local/tiny-guest-$1.yml" --no-verify 2>&1 | tee "$log"
  tail -1 "$log" | grep -q "$2" || { echo "demo.sh: the last line does not say \"$2\"" >&2; exit 1; }
}

step "Setting up: Debian packages where they are missing, npm packages, the program itself"
scripts/setup.sh
PATH="$PWD/node_modules/.bin:$PATH" npm run -s build

step "Making two versions of a small bootable guest from Debian's kernel and busybox"
examples/tiny-guest/build.sh --version 1
examples/tiny-guest/build.sh --version 2

export IMGMGR_LOCAL=$PWD/.cache/demo/store
rm -rf .cache/demo
mkdir -p .cache/demo

step "Day 1: version 1 is described, uploaded, checked against its digest, published"
manage 1 'imported: 1, updated: 0, retired: 0, deleted: 0'

step "The same again: nothing to do, nothing is written"
manage 1 'imported: 0, updated: 0, retired: 0, deleted: 0, unchanged: 1'

step "Day 2: version 2 takes over the plain name, version 1 is retired under a name of its own"
manage 2 'imported: 1, updated: 0, retired: 1, deleted: 0'

step "The audit agrees: nothing is pending"
run dry-run --cloud local --images examples/local/tiny-guest-2.yml --no-verify --quiet

step "What the cloud holds now ($IMGMGR_LOCAL)"
node_modules/.bin/node scripts/list-local.ts

step "Done in $(($(date +%s) - began)) s. To look around: IMGMGR_LOCAL=$IMGMGR_LOCAL node_modules/.bin/node dist/bin/imgmgr.js --help"
