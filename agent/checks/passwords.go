package checks

import (
	"context"
	"strings"

	"imgmgr/agent/guest"
)

// passwords reports names of accounts, never what stands in their fields.
var passwords = Check{ID: "passwords", Title: "No account has a password", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if !g.Exists("/etc/shadow", "/etc/passwd") {
			return notApplicable("no /etc/shadow and no /etc/passwd")
		}
		var wrong []string
		accounts := 0
		for _, path := range []string{"/etc/shadow", "/etc/passwd"} {
			for _, line := range g.Lines(path) {
				fields := strings.Split(line, ":")
				if len(fields) < 2 || strings.HasPrefix(line, "+") {
					continue
				}
				accounts++
				switch field := fields[1]; {
				case field == "":
					wrong = append(wrong, fields[0]+" has an empty password in "+path)
				// No encrypted password starts or looks like these.
				case strings.HasPrefix(field, "!"), strings.HasPrefix(field, "*"), len(field) <= 2:
				default:
					wrong = append(wrong, fields[0]+" has a password in "+path)
				}
			}
		}
		if accounts == 0 {
			return broken("neither /etc/shadow nor /etc/passwd has accounts that can be read")
		}
		if len(wrong) == 0 && !g.Exists("/etc/shadow") {
			return notApplicable("no /etc/shadow")
		}
		return verdict(wrong, "all accounts are locked")
	}}
