package job

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const secret = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

const certificate = `-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n`

func text(change func(string) string) []byte {
	whole := `{"version": 1, "run": "r-1", "token": "` + secret + `", "address": "192.0.2.1:1", "certificate": "` + certificate +
		`", "deadline_seconds": 60, "expect": {"datasources": ["metadata"]}, "later": true}`
	return []byte(change(whole))
}

func TestAJobIsReadAndUnknownFieldsAreLeftAlone(t *testing.T) {
	j, err := Parse(text(func(whole string) string { return whole }))
	if err != nil {
		t.Fatal(err)
	}
	if j.Run != "r-1" || !j.Wants("metadata") || j.Wants("config-drive") {
		t.Errorf("%+v", j)
	}
	if der, err := j.CertificateDER(); err != nil || string(der) != "\x01\x02\x03" {
		t.Errorf("%q, %v", der, err)
	}
}

func TestWhatIsWrongWithAJobIsSaidWithoutItsToken(t *testing.T) {
	for _, one := range []struct{ old, new, reason string }{
		{"{", "", "not JSON"},
		{`"version": 1`, `"version": 2`, "version 2"},
		{`"run": "r-1"`, `"run": ""`, "run"},
		{`"run": "r-1"`, `"run": "a b"`, "run"},
		{secret, secret[1:], "token"},
		{`"` + secret + `"`, "12345678901234567890", "token"},
		{"192.0.2.1:1", "", "address"},
		{"60", "0", "deadline_seconds is 0"},
		{"60", "100000", "deadline_seconds is 100000"},
		{"BEGIN CERTIFICATE", "BEGIN KEY", "certificate"},
	} {
		_, err := Parse(text(func(whole string) string { return strings.Replace(whole, one.old, one.new, 1) }))
		if err == nil || !strings.Contains(err.Error(), one.reason) {
			t.Errorf("%s → %s: %v", one.old, one.new, err)
		} else if strings.Contains(err.Error(), secret[1:]) {
			t.Errorf("%v holds the token", err)
		}
	}
}

func TestNoFileIsNoJob(t *testing.T) {
	if j, err := Read(filepath.Join(t.TempDir(), "absent")); j != nil || err != nil {
		t.Errorf("%v, %v", j, err)
	}
	if _, err := Read(t.TempDir()); err == nil {
		t.Error("a folder was taken for a job")
	}
	path := filepath.Join(t.TempDir(), "job.json")
	if err := os.WriteFile(path, text(func(whole string) string { return whole }), 0o600); err != nil {
		t.Fatal(err)
	}
	if j, err := Read(path); j == nil || err != nil {
		t.Errorf("%v, %v", j, err)
	}
}

func TestR10SilentNameserversOfAnOlderImgmgrAreUnknownNotNone(t *testing.T) {
	for field, unknown := range map[string]bool{``: true, `, "silent_nameservers": null`: true, `, "silent_nameservers": []`: false} {
		j, err := Parse(text(func(whole string) string { return strings.Replace(whole, `["metadata"]`, `["metadata"]`+field, 1) }))
		if err != nil || (j.Expect.SilentNameservers == nil) != unknown {
			t.Errorf("%q: %v, %v", field, j, err)
		}
	}
}
