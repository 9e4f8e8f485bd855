#!/usr/bin/env bash
# The oldest Node that imgmgr promises to run on, exactly as package.json's engines say: fetches it once, as an npm package, into
# .cache/oldest-node, and prints the path of its program. Fails with one line where it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^ *"node": ">=\([0-9.]*\)",\{0,1\}$/\1/p' package.json)
[ -n "$version" ] || { echo "oldest-node: package.json names no oldest Node" >&2; exit 1; }
case $(uname -m) in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) echo "oldest-node: npm has no Node $version for $(uname -m)" >&2; exit 1 ;;
esac
folder=$PWD/.cache/oldest-node/$version
if [ ! -x "$folder/node" ]; then
  # What the npm package `node` of that version would bring, without headers and manuals.
  package=node-linux-$arch@$version
  mkdir -p .cache/oldest-node
  aside=$(mktemp -d .cache/oldest-node/.tmp-XXXXXX)
  trap 'rm -rf "$aside"' EXIT
  npm pack --silent --pack-destination "$aside" "$package" >/dev/null || { echo "oldest-node: npm cannot fetch $package" >&2; exit 1; }
  tar -xzf "$aside"/*.tgz -C "$aside" --strip-components=2 package/bin/node
  rm "$aside"/*.tgz
  # Another one may have been faster.
  mv -T "$aside" "$folder" 2>/dev/null || [ -x "$folder/node" ]
fi
echo "$folder/node"
