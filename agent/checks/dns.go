package checks

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"imgmgr/agent/guest"
)

// dns: the name that the job gives is resolved; without one every configured nameserver must give any answer at all, also a refusal.
// Those that are known to give none whatever the image does are left out.
var dns = Check{ID: "dns", Title: "Names can be resolved", Severity: Fail, Limit: 17 * time.Second,
	Run: func(ctx context.Context, g *guest.Guest) Finding {
		if !g.Exists("/etc/resolv.conf", "/etc/nsswitch.conf") {
			return notApplicable("this system has no resolver (no /etc/resolv.conf, no /etc/nsswitch.conf)")
		}
		servers := resolvers(g)
		if len(servers) == 0 {
			return fail("no nameserver is configured")
		}
		within, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		name := g.Job.Lookup
		if name == "" {
			return askAll(within, g, servers)
		}
		addresses, err := g.Resolve(within, name)
		if err != nil || len(addresses) == 0 {
			if silent, others := divide(servers, g.Job.Expect.SilentNameservers); len(others) == 0 {
				return notApplicable("%s cannot be resolved: %s", name, knownSilent(silent))
			}
			return fail("%s cannot be resolved by %s: %v", name, list(servers), err)
		}
		return pass("%s is %s", name, list(addresses))
	}}

// askAll asks all of them side by side, so that it takes no longer than the slowest.
func askAll(ctx context.Context, g *guest.Guest, servers []string) Finding {
	known := g.Job.Expect.SilentNameservers
	if known == nil {
		return pass("nameserver %s; not asked, since an older imgmgr does not say which of them give no answer", list(servers))
	}
	silent, others := divide(servers, known)
	if len(others) == 0 {
		return notApplicable("not asked: %s", knownSilent(silent))
	}
	problems := make([]string, len(others))
	var group sync.WaitGroup
	for i, server := range others {
		group.Go(func() {
			address, err := netip.ParseAddr(server)
			if err != nil {
				problems[i] = "nameserver " + server + " is no address"
			} else if err := g.AskNameserver(ctx, address); err != nil {
				problems[i] = "nameserver " + server + " gives no answer: " + err.Error()
			}
		})
	}
	group.Wait()
	wrong := slices.DeleteFunc(problems, func(problem string) bool { return problem == "" })
	also := ""
	if len(silent) > 0 {
		also = "; not asked: " + knownSilent(silent)
	}
	return verdict(wrong, "nameserver %s: each gives answers; no name was given to be resolved%s", list(others), also)
}

// divide separates the servers that are known to give no answer from the others.
func divide(servers, known []string) (silent, others []string) {
	for _, server := range servers {
		if slices.ContainsFunc(known, func(one string) bool { return sameAddress(one, server) }) {
			silent = append(silent, server)
		} else {
			others = append(others, server)
		}
	}
	return silent, others
}

func sameAddress(a, b string) bool {
	first, err := netip.ParseAddr(a)
	second, otherErr := netip.ParseAddr(b)
	return err == nil && otherErr == nil && first == second
}

func knownSilent(servers []string) string {
	return "nameserver " + list(servers) + " relays to the resolver of the host of this server, which gives no answer"
}

// resolvers are those that names are asked of in the end: a stub of this system answers also when the servers behind it do not, so
// that their list is read, where the stub keeps one.
func resolvers(g *guest.Guest) []string {
	servers := nameservers(g, "/etc/resolv.conf")
	for _, behind := range []struct {
		stubs []string
		list  string
	}{
		{[]string{"127.0.0.53", "127.0.0.54"}, "/run/systemd/resolve/resolv.conf"},
		{[]string{"127.0.0.1", "127.0.1.1", "::1"}, "/run/NetworkManager/no-stub-resolv.conf"},
	} {
		isStub := func(server string) bool { return slices.Contains(behind.stubs, server) }
		if slices.ContainsFunc(servers, isStub) && g.Exists(behind.list) {
			servers = append(slices.DeleteFunc(servers, isStub), nameservers(g, behind.list)...)
		}
	}
	var once []string
	for _, server := range servers {
		if !slices.Contains(once, server) {
			once = append(once, server)
		}
	}
	return once
}

func nameservers(g *guest.Guest, path string) []string {
	var servers []string
	for _, line := range g.Lines(path) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "nameserver" {
			servers = append(servers, f[1])
		}
	}
	return servers
}
