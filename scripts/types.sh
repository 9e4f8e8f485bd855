#!/usr/bin/env bash
# Types of everything: what runs in Node, the pages of `imgmgr serve`, which run in a browser, and their tests, which know both.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0
for project in tsconfig.json src/server/pages/tsconfig.json test/browser/tsconfig.json; do
  node_modules/.bin/node node_modules/typescript-native/bin/tsc -p "$project" || failed=1
done
exit $failed
