package verifyv1

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

func TestTheGeneratedCodeIsThatOfTheCommittedProto(t *testing.T) {
	proto, err := os.ReadFile("../../proto/imgmgr/verify/v1/verify.proto")
	if err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile("proto.sha256")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(proto)
	if now := hex.EncodeToString(sum[:]); now != strings.TrimSpace(string(made)) {
		t.Fatalf("verify.proto changed (sha256 %s): run agent/generate.sh", now)
	}
}
