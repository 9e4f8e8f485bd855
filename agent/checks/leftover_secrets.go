package checks

import (
	"context"
	"os"
	"regexp"
	"strings"

	"imgmgr/agent/guest"
)

var (
	secretFiles = []string{".bash_history", ".ash_history", ".zsh_history", ".mysql_history", ".psql_history", ".python_history",
		".aws/credentials", ".config/openstack/clouds.yaml", ".config/openstack/secure.yaml", "clouds.yaml", ".netrc", ".pgpass",
		".docker/config.json", ".git-credentials", ".config/gcloud/credentials.db", ".kube/config", ".vault-token"}
	privateKey   = regexp.MustCompile(`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----`)
	aptLogin     = regexp.MustCompile(`\bpassword\s+\S`)
	buildSecrets = regexp.MustCompile(`(?i)^(?:export\s+|declare -x\s+)?(\w*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY)\w*)=["']?[^"'\s]`)
)

// leftoverSecrets names files, never what is in them.
var leftoverSecrets = Check{ID: "leftover-secrets", Title: "No histories, credentials or private keys were left behind", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		folders := homes(g)
		var wrong []string
		looked := 0
		for _, home := range folders {
			if !g.Exists(home) {
				continue
			}
			looked++
			for _, name := range secretFiles {
				if info, err := os.Stat(g.Path(home + "/" + name)); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
					wrong = append(wrong, home+"/"+name)
				}
			}
			for _, path := range g.Glob(home + "/.ssh/*") {
				if info, err := os.Stat(g.Path(path)); err == nil && info.Mode().IsRegular() && privateKey.MatchString(g.Text(path)) {
					wrong = append(wrong, path)
				}
			}
		}
		for _, path := range g.Glob("/etc/openstack/clouds.yaml", "/etc/openstack/secure.yaml") {
			wrong = append(wrong, path)
		}
		for _, path := range g.Glob("/etc/apt/auth.conf", "/etc/apt/auth.conf.d/*") {
			if aptLogin.MatchString(strings.Join(g.Lines(path), "\n")) {
				wrong = append(wrong, path)
			}
		}
		for _, path := range g.Glob("/etc/dib-manifests/*") {
			for _, line := range g.Lines(path) {
				if match := buildSecrets.FindStringSubmatch(line); match != nil {
					wrong = append(wrong, match[1]+" in "+path)
				}
			}
		}
		if looked == 0 && len(wrong) == 0 {
			return notApplicable("no home folders")
		}
		return verdict(wrong, "none found in %d home folders and /etc", looked)
	}}
