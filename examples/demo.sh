#!/usr/bin/env bash
# The first thing to run: sets up this checkout and shows imgmgr's main job on the embedded cloud "local": images in a folder,
# servers under QEMU. Takes a small guest made from Debian packages, imports it, boots it, hears the agent's verdict, publishes it;
# then finds nothing to do, rotates to a new version, and keeps users from a broken one.
#
#   ./examples/demo.sh        on Debian 12, as root or with sudo; a few minutes on a fresh machine
#
# Installs what scripts/setup.sh lists, and as root what scripts/setup-dib.sh lists. The images go to .cache/demo, never to a store of yours; nothing else is touched.
set -euo pipefail
cd "$(dirname "$0")/.."
began=$(date +%s)
step() { printf '\n=== %s\n' "$*"; }
run() { echo "\$ imgmgr $*"; node_modules/.bin/node dist/bin/imgmgr.js "$@"; }
# manage DAY EXIT WANTED: a managing run with that exit code, whose closing count must hold what is wanted.
manage() {
  local log=.cache/demo/run.log code=0
  echo "\$ imgmgr manage --cloud local --images examples/local/tiny-guest-$1.yml"
  node_modules/.bin/node dist/bin/imgmgr.js manage --cloud local --images "examples/local/tiny-guest-$1.yml" 2>&1 | tee "$log" || code=$?
  [ "$code" = "$2" ] || { echo "demo.sh: exit $code where $2 was due" >&2; exit 1; }
  tail -1 "$log" | grep -q "$3" || { echo "demo.sh: the last line does not say \"$3\"" >&2; exit 1; }
}

# Two demos of one checkout would remove each other's images.
mkdir -p .cache
exec 9>.cache/demo.lock
flock -n 9 || { echo "demo.sh: waiting for the other demo of this checkout"; flock 9; }

step "Setting up: Debian packages where they are missing, npm packages, the program itself"
scripts/setup.sh
PATH="$PWD/node_modules/.bin:$PATH" npm run -s build
if [ "$(id -u)" = 0 ]; then scripts/setup-dib.sh >/dev/null; else echo "left out: diskimage-builder, which builds as root alone (sudo scripts/setup-dib.sh)"; fi

step "Making three versions of a small bootable guest from Debian's kernel and busybox; the third is broken"
examples/tiny-root-guest/build.sh --version 1
examples/tiny-root-guest/build.sh --version 2
examples/tiny-root-guest/build.sh --version 3 --sabotage no-dns

export IMGMGR_LOCAL=$PWD/.cache/demo/store XDG_STATE_HOME=$PWD/.cache/demo/state
rm -rf .cache/demo
mkdir -p .cache/demo

step "Day 1: version 1 is described, uploaded, checked against its digest, booted, judged, published"
manage 1 0 'imported: 1, updated: 0, retired: 0, deleted: 0'

step "The same again: nothing to do, nothing is written"
manage 1 0 'imported: 0, updated: 0, retired: 0, deleted: 0, unchanged: 1'

step "Day 2: version 2 passes and takes over the plain name, version 1 is retired under a name of its own"
manage 2 0 'imported: 1, updated: 0, retired: 1, deleted: 0'

step "Day 3: version 3 boots, but cannot resolve names: it is quarantined, exit 5, and users notice nothing"
manage 3 5 'imported: 0, updated: 0, retired: 0, deleted: 0, unchanged: 1, quarantined: 1, failed: 0'

step "The same again: it is neither fetched nor booted, and named"
manage 3 5 'imported: 0, updated: 0, retired: 0, deleted: 0'

step "A file can be verified without any store"
run verify .cache/tiny-root-guest/tiny-root-guest-2.qcow2 --property architecture=x86_64 --property os_distro=debian

step "What the cloud holds now ($IMGMGR_LOCAL)"
node_modules/.bin/node scripts/list-local.ts

step "Done in $(($(date +%s) - began)) s. To look around: IMGMGR_LOCAL=$IMGMGR_LOCAL node_modules/.bin/node dist/bin/imgmgr.js --help"
echo "To watch a build in the browser, as root: npx imgmgr serve --cloud local --allow-write --allow-build; then Start build, Tiny Guest"
