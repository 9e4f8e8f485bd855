package checks

import (
	"context"
	"regexp"
	"strings"

	"imgmgr/agent/guest"
)

// Such names depend on the bus and on the order in which disks are found.
var unstableDevice = regexp.MustCompile(`^/dev/(?:[shv]d[a-z]+|xvd[a-z]+|nvme\d+n\d+p?|mmcblk\d+p?)\d*$`)

var rootCmdline = Check{ID: "root-cmdline", Title: "The kernel finds its root by label or uuid", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if _, err := g.RootDisk(); err != nil {
			return notApplicable("%v", err)
		}
		root := ""
		for _, word := range strings.Fields(g.Text("/proc/cmdline")) {
			if value, ok := strings.CutPrefix(word, "root="); ok {
				root = value
			}
		}
		switch {
		case root == "":
			return notApplicable("no root= in /proc/cmdline")
		case strings.Contains(root, "/loop"):
			return fail("root=%s is a loop device of the build", root)
		case unstableDevice.MatchString(root):
			return fail("root=%s is a name that another disk can have", root)
		}
		return pass("root=%s", root)
	}}
