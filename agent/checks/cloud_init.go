package checks

import (
	"context"

	"imgmgr/agent/guest"
)

// ofCloudInit makes a check that says nothing about a guest in which no cloud-init runs.
func ofCloudInit(run func(*guest.Guest) Finding) func(context.Context, *guest.Guest) Finding {
	return func(_ context.Context, g *guest.Guest) Finding {
		if absence := g.CloudInit(); absence != "" {
			return notApplicable("%s", absence)
		}
		return run(g)
	}
}
