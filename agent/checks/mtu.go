package checks

import (
	"context"
	"fmt"
	"strings"

	"imgmgr/agent/guest"
)

var mtu = Check{ID: "mtu", Title: "The MTU is that of the network", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		network := g.Network()
		if network == nil {
			return notApplicable("no network_data.json")
		}
		var wrong, right []string
		for _, link := range network.Links {
			for _, nic := range g.NICs() {
				if link.MTU == nil || nic.MAC != strings.ToLower(link.MAC) {
					continue
				}
				if nic.MTU == *link.MTU {
					right = append(right, fmt.Sprintf("%s has %d", nic.Name, nic.MTU))
				} else {
					wrong = append(wrong, fmt.Sprintf("%s has %d instead of %d", nic.Name, nic.MTU, *link.MTU))
				}
			}
		}
		if len(wrong)+len(right) == 0 {
			return notApplicable("network_data.json gives no MTU of an interface that is here")
		}
		return verdict(wrong, "%s", list(right))
	}}
