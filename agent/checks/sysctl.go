package checks

import (
	"context"
	"fmt"
	"slices"

	"imgmgr/agent/guest"
)

// What every distribution sets, or the kernel by itself; stricter values (no redirects, rp_filter) are a matter of taste.
var sysctls = []struct {
	name    string
	allowed []string
}{
	{"net/ipv4/ip_forward", []string{"0"}},
	{"net/ipv4/tcp_syncookies", []string{"1", "2"}},
	{"net/ipv4/conf/all/accept_source_route", []string{"0"}},
	{"kernel/randomize_va_space", []string{"2"}},
	{"fs/protected_hardlinks", []string{"1"}},
	{"fs/protected_symlinks", []string{"1"}},
}

var sysctl = Check{ID: "sysctl", Title: "Kernel settings are safe", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if !g.Exists("/etc/sysctl.conf", "/etc/sysctl.d", "/usr/lib/sysctl.d") {
			return notApplicable("nothing in this system sets sysctls")
		}
		var wrong []string
		for _, one := range sysctls {
			value, err := g.Read("/proc/sys/" + one.name)
			if err == nil && !slices.Contains(one.allowed, value) {
				wrong = append(wrong, fmt.Sprintf("%s is %s", one.name, value))
			}
		}
		return verdict(wrong, "%d settings", len(sysctls))
	}}
