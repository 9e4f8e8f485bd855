package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"imgmgr/agent/guest"
)

// sshd asks sshd itself, and reads its files only where it does not answer.
var sshd = Check{ID: "sshd", Title: "sshd lets nobody in with a password", Severity: Fail,
	Run: func(ctx context.Context, g *guest.Guest) Finding {
		if !g.HasSSHD() {
			return notApplicable("no sshd")
		}
		how := "sshd -T"
		settings := map[string]string{}
		output, err := g.Exec(ctx, "sshd", "-T")
		if err == nil && output.Code == 0 {
			for line := range strings.SplitSeq(output.Text, "\n") {
				name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
				settings[strings.ToLower(name)] = strings.ToLower(value)
			}
		}
		if settings["passwordauthentication"] == "" {
			if !g.Exists("/etc/ssh/sshd_config") {
				return broken("sshd -T does not answer, and there is no /etc/ssh/sshd_config")
			}
			how = "/etc/ssh/sshd_config"
			settings = map[string]string{}
			readSSHD(g, "/etc/ssh/sshd_config", settings, 0)
			for name, value := range map[string]string{"passwordauthentication": "yes", "permitrootlogin": "prohibit-password"} {
				if settings[name] == "" {
					settings[name] = value
				}
			}
		}
		var wrong []string
		if value := settings["passwordauthentication"]; value != "no" {
			wrong = append(wrong, fmt.Sprintf("PasswordAuthentication is %s", value))
		}
		if value := settings["permitrootlogin"]; value == "yes" {
			wrong = append(wrong, "PermitRootLogin is yes")
		}
		return verdict(wrong, "no passwords, root login %s, by %s", settings["permitrootlogin"], how)
	}}

// readSSHD takes the first value of each setting, as sshd does, up to the first Match block.
func readSSHD(g *guest.Guest, path string, settings map[string]string, depth int) (ended bool) {
	for _, line := range g.Lines(path) {
		words := strings.Fields(strings.Replace(line, "=", " ", 1))
		if len(words) < 2 {
			continue
		}
		switch name := strings.ToLower(words[0]); name {
		case "match":
			return true
		case "include":
			for _, pattern := range words[1:] {
				if !strings.HasPrefix(pattern, "/") {
					pattern = "/etc/ssh/" + pattern
				}
				files := g.Glob(pattern)
				slices.Sort(files)
				for _, file := range files {
					if depth < 8 {
						readSSHD(g, file, settings, depth+1)
					}
				}
			}
		default:
			if settings[name] == "" {
				settings[name] = strings.ToLower(strings.Trim(words[1], `"`))
			}
		}
	}
	return false
}
