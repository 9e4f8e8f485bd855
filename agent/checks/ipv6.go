package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"imgmgr/agent/guest"
)

// ipv6 gives the network half a minute: router advertisements come when they come.
var ipv6 = Check{ID: "ipv6", Title: "The IPv6 addresses are those of the server's ports", Severity: Warn, Limit: 40 * time.Second,
	Run: func(ctx context.Context, g *guest.Guest) Finding {
		var wanted []netip.Addr
		for _, port := range g.Job.Expect.Interfaces {
			if four, six := split(port); len(four) > 0 {
				wanted = append(wanted, six...)
			}
		}
		if len(wanted) == 0 {
			return notApplicable("the server has no IPv6 addresses beside IPv4 ones")
		}
		var wrong []string
		for range 31 {
			wrong = nil
			for _, port := range g.Job.Expect.Interfaces {
				four, six := split(port)
				if len(four) == 0 {
					continue
				}
				nic, has, err := portAddresses(g, port)
				for _, want := range six {
					if err != nil {
						wrong = append(wrong, err.Error())
					} else if !slices.Contains(has, want) {
						wrong = append(wrong, fmt.Sprintf("%s lacks %s (has %s)", nic, want, join(has)))
					}
				}
			}
			if len(wrong) == 0 || g.Sleep(ctx, time.Second) != nil {
				break
			}
		}
		return verdict(wrong, "%s", join(wanted))
	}}
