package checks

import (
	"context"

	"imgmgr/agent/guest"
)

// nicUp takes `unknown` with a carrier for up: some drivers never say more.
var nicUp = Check{ID: "nic-up", Title: "A network interface is up", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		var up, down []string
		for _, nic := range g.NICs() {
			if nic.State == "up" || nic.State == "unknown" && nic.Carrier {
				up = append(up, nic.Name)
			} else {
				down = append(down, nic.Name+" is "+nic.State)
			}
		}
		switch {
		case len(up) > 0:
			return pass("%s", list(up))
		case len(down) > 0:
			return fail("%s", list(down))
		}
		return fail("there is no network interface")
	}}
