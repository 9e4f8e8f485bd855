package checks

import (
	"context"
	"strings"

	"imgmgr/agent/guest"
)

var packageDatabase = Check{ID: "package-database", Title: "The package database is whole", Severity: Warn,
	Run: func(ctx context.Context, g *guest.Guest) Finding {
		var command []string
		switch {
		case g.Exists("/var/lib/dpkg/status") && g.Exists("/usr/bin/dpkg"):
			command = []string{"dpkg", "--audit"}
		case g.Exists("/usr/bin/rpm", "/bin/rpm"):
			command = []string{"rpm", "--query", "--quiet", "rpm"}
		case g.Exists("/sbin/apk", "/usr/bin/apk"):
			command = []string{"apk", "info", "--quiet", "--installed", "apk-tools"}
		default:
			return notApplicable("neither dpkg, rpm nor apk")
		}
		output, err := g.Exec(ctx, command...)
		name := strings.Join(command[:2], " ")
		switch {
		case err != nil:
			return broken("%s: %v", name, err)
		case output.Code != 0 || command[0] == "dpkg" && output.Text != "":
			first, _, _ := strings.Cut(output.Text, "\n")
			return fail("%s ended with %d: %s", name, output.Code, first)
		}
		return pass("%s finds nothing", name)
	}}
