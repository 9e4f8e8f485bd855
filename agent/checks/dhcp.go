package checks

import (
	"context"
	"net/netip"
	"regexp"
	"strings"

	"imgmgr/agent/guest"
)

var staticAddress = regexp.MustCompile(`(?i)^(?:address\d*|ipaddr\d*|-)\s*[=:]?\s*["']?(\d+\.\d+\.\d+\.\d+)(/\d+)?`)

// dhcp takes any address of this server for right: cloud-init writes those itself where the network has no DHCP.
var dhcp = Check{ID: "dhcp", Title: "No address of another machine is configured", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		own := map[string]bool{}
		for _, port := range g.Job.Expect.Interfaces {
			for _, one := range port.Addresses {
				own[one] = true
			}
		}
		for _, nic := range g.NICs() {
			addresses, _ := g.Addresses(nic.Name)
			for _, one := range addresses {
				own[one.String()] = true
			}
		}
		files := g.Glob("/etc/network/interfaces", "/etc/network/interfaces.d/*", "/etc/netplan/*.yaml", "/etc/systemd/network/*.network",
			"/etc/sysconfig/network-scripts/ifcfg-*", "/etc/sysconfig/network/ifcfg-*", "/etc/NetworkManager/system-connections/*.nmconnection")
		var wrong []string
		for _, path := range files {
			for _, line := range g.Lines(path) {
				match := staticAddress.FindStringSubmatch(line)
				// A list's item is an address only with its prefix; without, it is a nameserver.
				if match == nil || strings.HasPrefix(line, "-") && match[2] == "" {
					continue
				}
				if one, err := netip.ParseAddr(match[1]); err == nil && !one.IsLoopback() && !own[one.String()] {
					wrong = append(wrong, one.String()+" in "+path)
				}
			}
		}
		if len(files) == 0 && !g.Exists("/etc/network", "/etc/netplan", "/etc/systemd/network", "/etc/NetworkManager", "/etc/sysconfig") {
			return notApplicable("no network configuration in files")
		}
		return verdict(wrong, "none in %d files", len(files))
	}}
