#!/usr/bin/env bash
# Builds the guest agent, and the launcher that confines qemu-img and QEMU, for both machines into dist/agent/, named by `uname -m`; does nothing, at once, when the sources are those of the last build.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "build-agent: $*"; }
out=dist/agent
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
wanted=$( (echo "$version"; cat scripts/build-agent.sh scripts/go; find agent -type f \( -name '*.go' -o -name 'go.*' \) ! -name '*_test.go' -print0 | sort -z | xargs -0 sha256sum) | sha256sum)
whole() { local machine; for machine in x86_64 aarch64; do [ -s $out/imgmgr-agent-$machine ] && [ -s $out/imgmgr-confine-$machine ] || return 1; done; [ -s $out/LICENSES.txt ]; }
if [ "$(cat $out/.built 2>/dev/null)" = "$wanted" ] && whole; then exit 0; fi

mkdir -p $out
for pair in amd64:x86_64 arm64:aarch64; do
  (cd agent && CGO_ENABLED=0 GOOS=linux GOARCH=${pair%:*} ../scripts/go build -tags grpcnotrace -trimpath -buildvcs=false \
    -ldflags "-s -w -X main.version=$version" -o "../$out/imgmgr-agent-${pair#*:}" . &&
    CGO_ENABLED=0 GOOS=linux GOARCH=${pair%:*} ../scripts/go build -trimpath -buildvcs=false -ldflags "-s -w" -o "../$out/imgmgr-confine-${pair#*:}" ./confine)
done
# The licenses of Go and of the modules in these programs, which ask to go where their code goes.
(
  cd agent
  root=$(../scripts/go env GOROOT)
  { echo "Go $(../scripts/go env GOVERSION) $root"
    ../scripts/go list -tags grpcnotrace -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' . ./confine | sort -u; } |
    while read -r name version folder; do
      license=$(find "$folder" -maxdepth 1 -iname 'licen[cs]e*' | sort | head -1)
      [ -n "$license" ] || { echo "build-agent: $name has no license in $folder" >&2; exit 1; }
      printf '%s %s\n\n' "$name" "$version"
      cat "$license"
      printf '\n%80s\n\n' '' | tr ' ' -
    done
) >$out/LICENSES.txt
echo "$wanted" >$out/.built
say "imgmgr-agent $version, $(stat -c '%n %s bytes' $out/imgmgr-* | tr '\n' ' ')"
