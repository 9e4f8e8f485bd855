package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"imgmgr/agent/guest"
	"imgmgr/agent/job"
)

// address wants Neutron's IPv4 addresses, and the IPv6 ones of ports that have no other; `ipv6` looks at the rest.
var address = Check{ID: "address", Title: "The addresses are those of the server's ports", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if len(g.Job.Expect.Interfaces) == 0 {
			return notApplicable("the server's addresses are not known")
		}
		var wrong, right []string
		for _, port := range g.Job.Expect.Interfaces {
			nic, has, err := portAddresses(g, port)
			if err != nil {
				wrong = append(wrong, err.Error())
				continue
			}
			for _, want := range mainAddresses(port) {
				if slices.Contains(has, want) {
					right = append(right, want.String()+" on "+nic)
				} else {
					wrong = append(wrong, fmt.Sprintf("%s lacks %s (has %s)", nic, want, join(has)))
				}
			}
		}
		if len(right)+len(wrong) == 0 {
			return notApplicable("the server's ports have no addresses")
		}
		return verdict(wrong, "%s", list(right))
	}}

func mainAddresses(port job.Interface) []netip.Addr {
	four, six := split(port)
	if len(four) > 0 {
		return four
	}
	return six
}

func split(port job.Interface) (four, six []netip.Addr) {
	for _, text := range port.Addresses {
		if one, err := netip.ParseAddr(text); err == nil && one.Is4() {
			four = append(four, one)
		} else if err == nil {
			six = append(six, one)
		}
	}
	return four, six
}

// portAddresses finds the interface of a port by its MAC; without a MAC any interface will do.
func portAddresses(g *guest.Guest, port job.Interface) (string, []netip.Addr, error) {
	var names []string
	var all []netip.Addr
	for _, nic := range g.NICs() {
		if port.MAC != "" && nic.MAC != strings.ToLower(port.MAC) {
			continue
		}
		addresses, err := g.Addresses(nic.Name)
		if err != nil {
			return "", nil, fmt.Errorf("the addresses of %s cannot be read: %w", nic.Name, err)
		}
		names, all = append(names, nic.Name), append(all, addresses...)
	}
	if len(names) == 0 {
		return "", nil, fmt.Errorf("no interface has the MAC address %s", port.MAC)
	}
	return strings.Join(names, ", "), all, nil
}

func join(addresses []netip.Addr) string {
	var texts []string
	for _, one := range addresses {
		texts = append(texts, one.String())
	}
	if len(texts) == 0 {
		return "none"
	}
	return list(texts)
}
