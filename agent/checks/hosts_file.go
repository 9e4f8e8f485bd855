package checks

import (
	"context"
	"slices"
	"strings"

	"imgmgr/agent/guest"
)

var hostsFile = Check{ID: "hosts-file", Title: "localhost and the own name are known", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if !g.Exists("/etc/hosts") {
			return notApplicable("no /etc/hosts")
		}
		kernel, err := g.Uname()
		if err != nil {
			return broken("uname: %v", err)
		}
		four, six, own := false, false, false
		short, _, _ := strings.Cut(kernel.Node, ".")
		for _, line := range g.Lines("/etc/hosts") {
			line, _, _ = strings.Cut(line, "#")
			fields := strings.Fields(line)
			if len(fields) < 2 {
				continue
			}
			four = four || fields[0] == "127.0.0.1" && slices.Contains(fields[1:], "localhost")
			six = six || fields[0] == "::1"
			own = own || slices.Contains(fields[1:], short) || slices.Contains(fields[1:], kernel.Node)
		}
		// These answer for the own name without a line in the file.
		for _, line := range g.Lines("/etc/nsswitch.conf") {
			if strings.HasPrefix(line, "hosts:") {
				own = own || strings.Contains(line, "myhostname") || strings.Contains(line, "resolve")
			}
		}
		own = own || g.Exists("/run/systemd/resolve/stub-resolv.conf")
		var wrong []string
		if !four {
			wrong = append(wrong, "127.0.0.1 is not localhost")
		}
		if !six {
			wrong = append(wrong, "::1 has no name")
		}
		if !own {
			wrong = append(wrong, "the own name "+kernel.Node+" is not known")
		}
		return verdict(wrong, "localhost and %s", kernel.Node)
	}}
