package checks

import (
	"context"

	"imgmgr/agent/guest"
)

var cgroup = Check{ID: "cgroup", Title: "Control groups are version 2", Severity: Info,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		switch {
		case g.Exists("/sys/fs/cgroup/cgroup.controllers"):
			return pass("version 2")
		case g.Exists("/sys/fs/cgroup/memory", "/sys/fs/cgroup/systemd"):
			return fail("version 1")
		}
		return notApplicable("no control groups are mounted")
	}}
