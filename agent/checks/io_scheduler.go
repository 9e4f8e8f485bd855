package checks

import (
	"context"
	"regexp"

	"imgmgr/agent/guest"
)

var chosenScheduler = regexp.MustCompile(`\[([\w-]+)\]`)

var ioScheduler = Check{ID: "io-scheduler", Title: "The disk's scheduler is one for virtual disks", Severity: Info,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		root, err := g.RootDisk()
		if err != nil {
			return notApplicable("%v", err)
		}
		match := chosenScheduler.FindStringSubmatch(g.Text("/sys/class/block/" + root.Disk + "/queue/scheduler"))
		switch {
		case match == nil:
			return notApplicable("%s shows no scheduler", root.Disk)
		case match[1] != "none" && match[1] != "mq-deadline" && match[1] != "noop":
			return fail("%s has %s", root.Disk, match[1])
		}
		return pass("%s has %s", root.Disk, match[1])
	}}
