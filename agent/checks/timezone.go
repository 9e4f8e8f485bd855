package checks

import (
	"context"
	"os"
	"strings"

	"imgmgr/agent/guest"
)

var timezone = Check{ID: "timezone", Title: "The time zone is UTC", Severity: Info,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		zone := g.Text("/etc/timezone")
		if target, err := os.Readlink(g.Path("/etc/localtime")); err == nil {
			if _, name, ok := strings.Cut(target, "zoneinfo/"); ok {
				zone = name
			}
		}
		switch strings.TrimPrefix(zone, "Etc/") {
		case "":
			return notApplicable("no time zone is set")
		case "UTC", "UCT", "Universal", "Zulu", "GMT":
			return pass("%s", zone)
		}
		return fail("%s", zone)
	}}
