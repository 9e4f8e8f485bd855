package checks

import (
	"context"

	"imgmgr/agent/guest"
)

var configDrive = Check{ID: "config-drive", Title: "The config drive can be read", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		return way(g, "config-drive", "config drive", g.Drive, g.Service)
	}}
