#!/usr/bin/env bash
# Makes verifyv1/ from proto/imgmgr/verify/v1/verify.proto. Needs Go, python3 with venv, and the registries of both.
set -euo pipefail
cd "$(dirname "$0")"
tools=$PWD/../.cache/protoc
mkdir -p "$tools"
[ -x "$tools/venv/bin/python" ] || python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" -q install grpcio-tools==1.85.1
GOBIN="$tools" go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
GOBIN="$tools" go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
PATH="$tools:$PATH" "$tools/venv/bin/python" -m grpc_tools.protoc -I ../proto \
  --go_out=. --go_opt=module=imgmgr/agent --go-grpc_out=. --go-grpc_opt=module=imgmgr/agent \
  imgmgr/verify/v1/verify.proto
sha256sum ../proto/imgmgr/verify/v1/verify.proto | cut -d' ' -f1 >verifyv1/proto.sha256
