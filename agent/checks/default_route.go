package checks

import (
	"context"
	"strconv"
	"strings"

	"imgmgr/agent/guest"
)

const routeUpAndGateway = 0x3

// defaultRoute says nothing only where the metadata name static networks alone, none with a gateway.
var defaultRoute = Check{ID: "default-route", Title: "There is a default route", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		for _, line := range g.Lines("/proc/net/route") {
			f := strings.Fields(line)
			if len(f) > 7 && f[1] == "00000000" && f[7] == "00000000" && isGateway(f[3]) {
				return pass("by %s", f[0])
			}
		}
		for _, line := range g.Lines("/proc/net/ipv6_route") {
			f := strings.Fields(line)
			if len(f) > 9 && strings.Trim(f[0], "0") == "" && f[1] == "00" && f[9] != "lo" && isGateway(f[8]) {
				return pass("by %s, for IPv6 alone", f[9])
			}
		}
		if network := g.Network(); network != nil && withoutGateway(network) {
			return notApplicable("the server's networks have no gateway")
		}
		return fail("no default route by a gateway in /proc/net/route or /proc/net/ipv6_route")
	}}

func isGateway(flags string) bool {
	number, err := strconv.ParseUint(flags, 16, 32)
	return err == nil && number&routeUpAndGateway == routeUpAndGateway
}

// withoutGateway: networks with DHCP carry no routes in network_data.json, so nothing is known of their gateway
// (https://opendev.org/openstack/nova/src/branch/master/nova/virt/netutils.py, _get_nets).
func withoutGateway(network *guest.NetworkData) bool {
	for _, one := range network.Networks {
		if one.Type != "ipv4" && one.Type != "ipv6" {
			return false
		}
		for _, route := range one.Routes {
			if route.Network == "0.0.0.0" || route.Network == "::" {
				return false
			}
		}
	}
	return len(network.Networks) > 0
}
