package checks

import (
	"context"

	"imgmgr/agent/guest"
)

// ntpService knows processes by their names, of which the kernel keeps 15 characters.
var ntpService = Check{ID: "ntp-service", Title: "A time service runs", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if !g.HasSystemd() && !g.Exists("/etc/init.d") {
			return notApplicable("no service manager")
		}
		running := g.Processes()
		for _, name := range []string{"systemd-timesyn", "chronyd", "ntpd", "openntpd", "ntpsec"} {
			if running[name] {
				if g.Exists("/run/systemd/timesync/synchronized") {
					return pass("%s, synchronized", name)
				}
				return pass("%s", name)
			}
		}
		return fail("neither systemd-timesyncd, chronyd nor ntpd runs")
	}}
