package checks

import (
	"context"

	"imgmgr/agent/guest"
)

var metadata = Check{ID: "metadata", Title: "The metadata service answers", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		return way(g, "metadata", "metadata service", g.Service, g.Drive)
	}}

// way judges one way to the metadata; the other must not describe another server.
func way(g *guest.Guest, datasource, name string, one, other *guest.Openstack) Finding {
	switch {
	case !g.Job.Wants(datasource):
		return notApplicable("no %s is asked for", name)
	case one == nil:
		return broken("the %s was not tried", name)
	case one.UUID == "":
		return fail("%s: %s", name, one.Problem)
	case other != nil && other.UUID != "" && other.UUID != one.UUID:
		return fail("%s names server %s, the other way %s", name, one.UUID, other.UUID)
	}
	return pass("server %s", one.UUID)
}
