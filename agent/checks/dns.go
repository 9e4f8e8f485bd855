package checks

import (
	"context"
	"slices"
	"strings"
	"time"

	"imgmgr/agent/guest"
)

// dns: a configured nameserver is enough unless the job names something to be resolved.
var dns = Check{ID: "dns", Title: "Names can be resolved", Severity: Fail, Limit: 17 * time.Second,
	Run: func(ctx context.Context, g *guest.Guest) Finding {
		if !g.Exists("/etc/resolv.conf", "/etc/nsswitch.conf") {
			return notApplicable("this system has no resolver (no /etc/resolv.conf, no /etc/nsswitch.conf)")
		}
		servers := nameservers(g, "/etc/resolv.conf")
		if slices.Contains(servers, "127.0.0.53") && g.Exists("/run/systemd/resolve/resolv.conf") {
			servers = nameservers(g, "/run/systemd/resolve/resolv.conf")
		}
		if len(servers) == 0 {
			return fail("no nameserver is configured")
		}
		name := g.Job.Lookup
		if name == "" {
			return pass("nameserver %s; no name was given to be resolved", list(servers))
		}
		within, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		addresses, err := g.Resolve(within, name)
		if err != nil || len(addresses) == 0 {
			return fail("%s cannot be resolved by %s: %v", name, list(servers), err)
		}
		return pass("%s is %s", name, list(addresses))
	}}

func nameservers(g *guest.Guest, path string) []string {
	var servers []string
	for _, line := range g.Lines(path) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" {
			servers = append(servers, f[1])
		}
	}
	return servers
}
