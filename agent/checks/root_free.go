package checks

import (
	"context"
	"fmt"

	"imgmgr/agent/guest"
)

// rootFree wants 1 GiB or a fifth of the space, and a fifth of the inodes; btrfs has no fixed number of those.
var rootFree = Check{ID: "root-free", Title: "The root file system has room", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if _, err := g.RootDisk(); err != nil {
			return notApplicable("%v", err)
		}
		stat, err := g.StatFS("/")
		if err != nil || stat.Size == 0 {
			return broken("statfs of /: %v", err)
		}
		var wrong []string
		if stat.Available < 1<<30 && stat.Available*5 < stat.Size {
			wrong = append(wrong, fmt.Sprintf("%s of %s are free", mebibytes(int64(stat.Available)), mebibytes(int64(stat.Size))))
		}
		if stat.Inodes > 0 && stat.InodesAvail*5 < stat.Inodes {
			wrong = append(wrong, fmt.Sprintf("%d of %d inodes are free", stat.InodesAvail, stat.Inodes))
		}
		return verdict(wrong, "%s of %s are free", mebibytes(int64(stat.Available)), mebibytes(int64(stat.Size)))
	}}
