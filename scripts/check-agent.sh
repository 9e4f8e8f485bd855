#!/usr/bin/env bash
# The guest agent: formatted, vetted, tested. Prints how many tests passed, and counts them for .ci/run.
set -euo pipefail
cd "$(dirname "$0")/../agent"
go=../scripts/go
unformatted=$("$("$go" env GOROOT)/bin/gofmt" -l .)
[ -z "$unformatted" ] || { printf 'gofmt would change:\n%s\n' "$unformatted" >&2; exit 1; }
"$go" vet ./...
mkdir -p ../.cache/ci
events=../.cache/ci/agent-events.json
code=0
"$go" test -json ./... >"$events" || code=$?
count() { grep -c "\"Action\":\"$1\".*\"Test\"" "$events" || true; }
passed=$(count pass) failed=$(count fail)
[ "$code" = 0 ] || grep -o '"Output":".*' "$events" | sed 's/^"Output":"//; s/"}$//; s/\\n$//; s/\\t/  /g' | grep -v '^=== \|^ok \|^--- PASS\|^    --- PASS' | tail -60 >&2
[ "$code" = 0 ] || [ "$failed" != 0 ] || failed=1
printf '{"numPassedTests":%d,"numFailedTests":%d,"numFailedTestSuites":0}\n' "$passed" "$failed" >../.cache/ci/agent.json
echo "agent: $passed passed, $failed failed"
exit "$code"
