package checks

import (
	"context"
	"strings"

	"imgmgr/agent/guest"
)

var lsm = Check{ID: "lsm", Title: "SELinux or AppArmor is on", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		modules, err := g.Read("/sys/kernel/security/lsm")
		switch {
		case g.Text("/sys/fs/selinux/enforce") == "1":
			return pass("SELinux enforces")
		case g.Exists("/sys/fs/selinux/enforce"):
			return fail("SELinux only warns")
		case err != nil:
			return notApplicable("no security modules are shown in /sys/kernel/security")
		case strings.Contains(modules, "apparmor"):
			return pass("AppArmor")
		}
		return fail("neither SELinux nor AppArmor (%s)", modules)
	}}
