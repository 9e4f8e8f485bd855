package checks

import (
	"context"

	"imgmgr/agent/guest"
)

var randomSeed = Check{ID: "random-seed", Title: "The random seed was renewed in this boot", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		const path = "/var/lib/systemd/random-seed"
		switch {
		case !g.HasSystemd():
			return notApplicable("no systemd")
		case !g.Exists(path):
			return fail("no %s", path)
		case !g.MadeThisBoot(path):
			return fail("%s is older than this boot", path)
		}
		return pass("renewed")
	}}
