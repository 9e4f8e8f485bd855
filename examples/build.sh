#!/usr/bin/env bash
# Builds a Debian 12 cloud image with diskimage-builder and takes it through the whole line on the embedded cloud "local": built, booted
# under QEMU, judged by the agent in it, published. Then finds nothing to do.
#
#   sudo examples/build.sh        Debian 12 or Ubuntu; five to ten minutes
#
# Installs what scripts/setup.sh and scripts/setup-dib.sh list. Image, logs and caches go to .cache/build-demo.
set -euo pipefail
cd "$(dirname "$0")/.."
began=$(date +%s)
step() { printf '\n=== %s\n' "$*"; }
[ "$(id -u)" = 0 ] || { echo "build.sh: needs root, since it mounts what it builds: sudo examples/build.sh" >&2; exit 1; }

step "Setting up: packages where they are missing, the program, diskimage-builder"
scripts/setup.sh
export PATH="$PWD/node_modules/.bin:$PATH"
npm run -s build
eval "$(scripts/setup-dib.sh)"

export IMGMGR_LOCAL=$PWD/.cache/build-demo/store XDG_STATE_HOME=$PWD/.cache/build-demo/state
mkdir -p .cache/build-demo
manage() {
  echo "\$ imgmgr manage --cloud local --images images/built.yml --force --filter 'Debian 12' --deadline 20m"
  node dist/bin/imgmgr.js manage --cloud local --images images/built.yml --force --filter 'Debian 12' --deadline 20m
}

step "Debian 12 is built, booted, judged, published"
manage

step "The same again: what it is built from is unchanged, and it is not due"
manage

step "Done in $(($(date +%s) - began)) s. The image is in $IMGMGR_LOCAL; imgmgr build --output FOLDER gives it as a file"
